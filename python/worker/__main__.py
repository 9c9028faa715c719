"""Starts the worker: `python FOLDER`, with the parent's socket as standard input."""

import sys

from _reproof_worker.main import main

main(sys.argv[1:])
