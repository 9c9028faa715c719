"""Checks a document against a JSON Schema, with the reference implementation of Python."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator


def main() -> None:
    """Reads the schema and document named on the command line; prints a line per problem, if any."""
    schema, document = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
    Draft202012Validator.check_schema(schema)
    for problem in Draft202012Validator(schema).iter_errors(document):
        print(f"{problem.json_path}: {problem.message}")


if __name__ == "__main__":
    main()
