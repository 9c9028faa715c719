"""Starts the worker: `python FOLDER`, with the parent's socket as standard input."""

from _reproof_worker.main import main

main()
