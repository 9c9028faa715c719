"""Hostile files, assembled byte by byte: nothing here pickles, loads or runs them.

* `assembler`: pickle opcodes from values.
* `zips`: zip files with whatever is wrong in them.
* `record`: the list of what was written.
* `callables`: calls that must be reported, in every protocol.
* `opcodes`: other ways to name and to call, and tricks to hide them.
* `zip_carriers`, `carriers`: payloads inside zip files and inside other formats.
* `wrappers`: payloads behind compression, padding, and what stops a parser.
* `bombs`: small files that ask for much.
* `tensors`: tensors and entries that lie about where their bytes are.
* `malformed_safetensors`, `malformed_gguf`, `malformed_arrays`: broken files.
* `folders`: names and links that lead out of a folder.
* `benign`: files that look dangerous and are not.
"""
