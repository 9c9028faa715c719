import importlib
import os
import sys

sys.path.insert(0, os.getcwd())
module, _, function = sys.argv[1].partition(":")
target = importlib.import_module(module)
for name in function.split("."):
    target = getattr(target, name)
target(sys.argv[2])
