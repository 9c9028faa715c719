"""A stage before the model that changed is named, and told from a model that changed."""

import pathlib

import preprocess
import pytest
import reproof
import torch

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "weights.pt"
    torch.manual_seed(7)
    network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.GELU(), torch.nn.Linear(32, 10))
    torch.save(network.state_dict(), path)
    row, column = torch.arange(24.0).unsqueeze(1), torch.arange(24.0)
    image = ((row * column) % 17 / 16).expand(2, 1, 24, 24).contiguous()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE), prepend=":")
        reproof.record(path, cases={"image": image}, loader=preprocess.original, budget=1.0)
    return path


def verdicts(report):
    (case,) = report.cases
    return {output["name"]: output["verdict"] for output in case["outputs"]}


def test_another_filter_of_resizing_is_named_as_the_first_stage_that_changed(recorded):
    report = reproof.verify(recorded, loader=preprocess.another_filter)
    assert report.verdict == "drifted"
    assert report.summary.startswith("preprocessing changed: preprocessing.resized of given; the model did not")
    assert verdicts(report) == {
        "preprocessing.resized": "drifted",
        "preprocessing.normalised": "drifted",
        "scores": "identical",
    }


def test_another_constant_of_normalisation_is_named_and_the_stage_before_it_is_not(recorded):
    report = reproof.verify(recorded, loader=preprocess.another_mean)
    assert report.verdict == "drifted"
    assert report.summary.startswith("preprocessing changed: preprocessing.normalised of given; the model did not")
    assert verdicts(report) == {
        "preprocessing.resized": "identical",
        "preprocessing.normalised": "drifted",
        "scores": "identical",
    }


def test_a_model_that_changed_too_is_not_excused_by_its_preprocessing(recorded):
    report = reproof.verify(recorded, loader=preprocess.another_mean_and_model)
    assert report.verdict == "drifted"
    assert report.summary == "preprocessing changed: preprocessing.normalised of given; the model changed too"
    assert verdicts(report)["scores"] == "drifted"
