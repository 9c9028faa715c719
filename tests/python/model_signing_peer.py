"""Signs and verifies models with model-signing, for the tests of our signatures.

Reads a JSON list of requests from the standard input and writes a JSON list of answers, `null` where a request was done
and a text where it was refused. One process for all: importing the library takes longer than any request.
"""

import contextlib
import io
import json
import sys

import model_signing
from click.testing import CliRunner
from model_signing import _cli


def command(arguments: list[str]) -> None:
    result = CliRunner().invoke(_cli.main, arguments)
    if result.exit_code != 0:
        raise RuntimeError(result.output or repr(result.exception))


def sign(request: dict) -> None:
    hashing = model_signing.hashing.Config().set_ignored_paths(paths=[request["signature"]])
    if request["method"] == "shards":
        hashing.use_shard_serialization(hashing_algorithm=request["algorithm"], shard_size=4)
    else:
        hashing.use_file_serialization(hashing_algorithm=request["algorithm"])
    config = model_signing.signing.Config().set_hashing_config(hashing)
    config.use_elliptic_key_signer(private_key=request["key"]).sign(request["model"], request["signature"])


def answer(request: dict) -> None:
    signature, model = request["signature"], request["model"]
    match request["action"]:
        case "sign":
            sign(request)
        case "sign by command":
            command(["sign", "key", "--private_key", request["key"], "--signature", signature, model])
        case "verify by command":
            command(["verify", "key", "--public_key", request["key"], "--signature", signature, model])
        case "verify":
            config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=request["key"])
            config.verify(model, signature)
        case other:
            sys.exit(f"unknown action {other}")


def main() -> None:
    answers = []
    for request in json.load(sys.stdin):
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                answer(request)
                answers.append(None)
            except Exception as error:  # noqa: BLE001  every refusal is an answer
                answers.append(f"{type(error).__name__}: {error}"[:500])
    json.dump(answers, sys.stdout)


main()
