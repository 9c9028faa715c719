"""Planted faults are never excused and harmless changes never accused, in float32, float16 and bfloat16."""

import pathlib

import networks
import pytest
import reproof
import torch
import ways

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The weights of all networks with their contract, recorded once for all tests here."""
    path = tmp_path_factory.mktemp("six") / "weights.pt"
    torch.save(networks.weights(), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE), prepend=":")
        made = reproof.record(path, cases={"pixels": networks.pixels()}, loader=ways.original)
    assert made.contract["referee"]["kind"] == "float64", made.contract["referee"]
    # Every output has an envelope, so that nothing below passes or fails for want of one.
    assert {name for name, rule in made.contract["outputs"].items() if "envelope" in rule} == set(ways.names())
    return path


def judged(report):
    """What was said of every output, by its name."""
    (case,) = report.cases
    found = {output["name"]: output for output in case["outputs"]}
    assert set(found) == set(ways.names())
    return found


def shown(outputs):
    lines = (f"{name}: {output['verdict']}: {output['evidence']['statement']}" for name, output in outputs.items())
    return "\n".join(lines)


def test_faults_of_code_are_found_though_no_byte_of_the_file_changed(recorded):
    report = reproof.verify(recorded, loader=ways.planted)
    assert report.verdict == "drifted", report.summary
    assert "load.integrity.files" not in {check["id"] for check in report.failed_checks()}
    found = judged(report)
    faulty = {name: output for name, output in found.items() if name.split(".")[0] in ways.FAULTS}
    assert len(faulty) == len(ways.FAULTS) * len(networks.each())
    assert {output["verdict"] for output in faulty.values()} == {"drifted"}, shown(faulty)
    for name, output in faulty.items():
        evidence = output["evidence"]
        if name.startswith("decision."):
            # The function is the same: rounding alone flipped it, and that is no excuse.
            assert evidence["referee"]["same_function"], name
            assert evidence["statement"].startswith("1 of 4 decisions changed, first in score vector 0"), shown(faulty)
        else:
            assert not evidence["referee"]["same_function"], name
        if name.startswith("hidden."):
            assert evidence["statement"].startswith("every bit is equal for these inputs, but"), shown(faulty)
    # What was not touched, in the same run.
    assert {output["verdict"] for name, output in found.items() if name not in faulty} == {"identical"}, shown(found)


def test_one_weight_of_a_million_in_a_file_saved_again_is_found(recorded, tmp_path):
    weights = torch.load(recorded, weights_only=True)
    assert weights["transformer.bfloat16.table.weight"].numel() > 1_000_000
    # The lowest bit of one weight, by which no output moves that any tolerance could see.
    bits = weights["transformer.bfloat16.table.weight"].view(torch.int16)
    bits[654_321 // 64, 654_321 % 64] ^= 1
    again = tmp_path / "weights.pt"
    torch.save(weights, again)
    contract = recorded.with_name("weights.pt.reproof")
    report = reproof.verify(again, contract=contract, relation="repackaged", bytes_only=True)
    assert report.verdict == "corrupt", report.summary
    told = [check for check in report.failed_checks() if check["id"] == "load.integrity.weights"]
    assert "transformer.bfloat16.table.weight" in str(told), told


def test_other_ways_to_compute_the_same_are_not_drift(recorded):
    report = reproof.verify(recorded, loader=ways.toggled).check()
    found = judged(report)
    assert {output["verdict"] for output in found.values()} <= {"identical", "equivalent"}, shown(found)
    # Attention in another order moves bits on every processor: the verdict is earned.
    assert found["attention-fused.transformer.bfloat16"]["verdict"] == "equivalent"
    assert found["attention-fused.transformer.bfloat16"]["evidence"]["referee"]["same_function"]
    untouched = {name: output for name, output in found.items() if name.split(".")[0] in ways.FAULTS}
    assert {output["verdict"] for output in untouched.values()} == {"identical"}, shown(untouched)


# What the caller sets moves kernels and threads of every operator; recording tried other combinations.
SURROUNDINGS = [
    {"ATEN_CPU_CAPABILITY": "default", "OMP_NUM_THREADS": "3"},
    {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"},
]


@pytest.mark.parametrize("variables", SURROUNDINGS, ids=lambda variables: ",".join(variables.values()))
def test_other_kernels_and_threads_are_not_drift(recorded, variables, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    report = reproof.verify(recorded, loader=ways.original).check()
    found = judged(report)
    assert {output["verdict"] for output in found.values()} <= {"identical", "equivalent"}, shown(found)
    grades = {found["item"]: found["grade"] for found in report.environment["differences"]}
    assert {grades[f"variables.{name}"] for name in variables} == {"may-move-bits"}, grades
