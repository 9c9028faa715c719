"""What `reproof.data` is made of. Nothing here imports a framework: those that are loaded are asked."""
