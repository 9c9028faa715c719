"""Writes inputs as Polygraphy reads them: a JSON list with one dictionary per call.

Arguments: an .npz file with the inputs of one call by name, the file to write.
"""

import sys

import numpy
from polygraphy.json import save_json

with numpy.load(sys.argv[1]) as stored:
    save_json([dict(stored)], sys.argv[2])
