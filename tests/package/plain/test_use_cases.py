"""Recording, verifying and reading, on a real ONNX model."""

import json
import subprocess
import sys

import numpy as np
import pytest
import reproof


def damage(path, place=-100):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def test_a_kept_promise_is_reported_in_every_form(digits, tmp_path):
    report = reproof.verify(digits)
    assert report.passed and report.check() is report
    assert report.verdict in ("identical", "equivalent")
    assert report["assurance"] == report.assurance == "outputs"
    assert "16 cases" in report.summary
    assert report.verdict in str(report) and report.verdict in repr(report)
    assert report._repr_html_().startswith("<iframe srcdoc=") and "<script" not in report._repr_html_()
    assert "<!doctype html>" in report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == report.to_html()
    assert "<testsuites" in report.to_junit() and json.loads(report.to_sarif())["runs"]
    assert json.loads(report.to_json())["schema"].startswith("reproof.report/")
    with pytest.raises(TypeError, match="report.passed"):
        bool(report)
    with pytest.raises(AttributeError, match="it has schema"):
        report.verdicts


def test_a_broken_promise_is_a_value_until_it_is_checked(digits):
    damage(digits / "model.onnx")
    report = reproof.verify(digits, bytes_only=True)
    assert not report.passed and report.verdict == "corrupt"
    assert report.failed_checks()[0]["id"].startswith("load.integrity")
    with pytest.raises(reproof.ContractBroken, match="corrupt") as caught:
        report.check()
    assert caught.value.report is report and caught.value.where.endswith("digits")


def test_a_report_says_why_where_asked(digits):
    assert "diagnosis" not in reproof.verify(digits, diagnose=True).to_json()
    damage(digits / "model.onnx")
    report = reproof.verify(digits, diagnose=5)
    cause = report["diagnosis"]["causes"][0]
    assert cause["id"] == "files.changed" and cause["confidence"] == "confirmed"
    assert "why" in str(report) and cause["statement"].split(":")[0] in report.to_html()
    with pytest.raises(reproof.UsageError, match="diagnose=-1: expected seconds"):
        reproof.verify(digits, diagnose=-1)


def test_a_model_is_recorded_with_proposed_and_with_given_inputs(digits):
    contract = digits.parent / "contract"
    recorded = reproof.record(
        digits / "model.onnx", runner="onnx", contract=contract, budget=1.0, notes={"why": "a test"}, owner="tests",
        preprocess=digits / "train.py",
    )  # fmt: skip
    assert recorded.assurance == "outputs" and len(recorded.contract["suite"]) > 5
    assert recorded.contract["context"]["notes"] == {"why": "a test"}
    assert recorded.contract["context"]["preprocessing"] == ["preprocess.py", "train.py"]
    assert "cases" in recorded._repr_html_() and "assurance outputs" in repr(recorded)
    assert reproof.verify(digits / "model.onnx", contract=contract, relation="same").check().assurance == "outputs"

    pixels = np.random.default_rng(0).random((2, 1, 8, 8), dtype=np.float32)
    port = reproof.inspect(digits / "model.onnx").interface["inputs"][0]
    pixels = pixels.reshape([2, *[size for size in np.load(digits / "cases" / "batch.npy").shape[1:]]])
    given = reproof.record(
        digits / "model.onnx",
        cases={"first": {port["name"]: pixels}, "second": {port["name"]: 1 - pixels[::-1]}},
        runner="onnx",
        contract=digits.parent / "given",
        budget=1.0,
    )
    assert [case["name"] for case in given.contract["suite"]] == ["first", "second"]
    # What was given was a view in reverse; what was kept is its values.
    kept = (digits.parent / "given" / "suite" / "second" / "inputs.safetensors").read_bytes()
    assert np.ascontiguousarray(1 - pixels[::-1]).tobytes() in kept


def test_what_goes_wrong_says_what_where_and_what_to_do(digits, tmp_path):
    with pytest.raises(reproof.UsageError, match="no artifact at") as caught:
        reproof.verify(tmp_path / "nothing")
    assert isinstance(caught.value, ValueError) and caught.value.where == str(tmp_path / "nothing")
    with pytest.raises(reproof.UsageError, match="already holds a contract") as caught:
        reproof.record(digits)
    assert "reproof accept" in caught.value.hint
    empty = tmp_path / "model.onnx"
    empty.write_bytes(b"no model")
    with pytest.raises(reproof.ReproofError):
        reproof.record(empty)
    with pytest.raises(reproof.UndecidedError) as caught:
        reproof.verify(digits / "model.onnx", contract=tmp_path / "no-contract")
    assert "contract=" in caught.value.hint
    for wrong, said in [
        (dict(require="drifted"), "require"),
        (dict(relation="cousin"), "relation"),
        (dict(device="cuda:many"), "cuda:0"),
        (dict(expect="weights"), "expect"),
    ]:
        with pytest.raises(reproof.UsageError, match=said):
            reproof.verify(digits, **wrong)
    with pytest.raises(reproof.UsageError, match="nan"):
        reproof.record(digits, contract=tmp_path / "c", allow="everything")
    with pytest.raises(reproof.UsageError, match="give inputs by name"):
        reproof.record(digits, contract=tmp_path / "c", cases=np.zeros(3))
    with pytest.raises(reproof.UsageError, match="cannot import it"):
        reproof.record(digits, contract=tmp_path / "c", loader=lambda: None)


def test_reading_executes_nothing_and_tells_the_same_as_the_command(digits):
    from reproof._command import command

    model = digits / "model.onnx"
    digests = reproof.digest(model)
    printed = subprocess.run([command(), "digest", "--json", str(model)], capture_output=True, check=True)
    assert json.loads(printed.stdout) == digests.to_dict()
    held = reproof.inspect(model, digest=True)
    assert held.format == "onnx" and all(tensor["digest"].startswith("tensor-v1:") for tensor in held.tensors)
    other = digits / "other.onnx"
    other.write_bytes(model.read_bytes())
    same = reproof.diff(model, other)
    assert same.equal and "equal" in repr(same) and "<!doctype html>" in same.to_html()
    assert reproof.scan(model).verdict == "clean"
    assert "clean" in str(reproof.scan(model)) and json.loads(reproof.scan(model).to_sarif())


def test_python_is_not_held_up_while_work_goes_on(digits):
    """Another thread counts while models run: the lock is released."""
    import threading

    stop, counted = threading.Event(), [0]

    def count():
        while not stop.is_set():
            counted[0] += 1
            stop.wait(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    report = reproof.verify(digits)
    stop.set()
    thread.join()
    seconds = sum(phase["seconds"] for phase in report.phases)
    assert counted[0] > 100 * seconds, (counted, seconds)


def test_an_interrupt_is_heard_while_work_goes_on(digits):
    code = (
        # Should it ever wait for ever, the place where it waits is told.
        "import faulthandler; faulthandler.dump_traceback_later(40, exit=True)\n"
        "import os, signal, sys, threading, reproof\n"
        # Also where whoever runs the tests ignores interrupts, as a shell does for what it puts into the background.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    while True: reproof.verify(sys.argv[1])\n"
        "except KeyboardInterrupt:\n"
        "    print('heard')\n"
    )
    finished = subprocess.run([sys.executable, "-c", code, str(digits)], capture_output=True, text=True, timeout=60)
    assert finished.stdout == "heard\n", finished.stderr


def test_without_mlflow_the_helper_says_what_to_install():
    import reproof.mlflow

    for ask in (reproof.mlflow.record, reproof.mlflow.verify):
        with pytest.raises(reproof.UndecidedError, match="mlflow is not installed here") as caught:
            ask("models:/churn/1")
        assert caught.value.hint == "`pip install mlflow`"
