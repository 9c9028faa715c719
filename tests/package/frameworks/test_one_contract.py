"""One contract, of the weights, for every form that the same classifier is given."""

import importlib.util
import pathlib
import warnings

import nets
import pytest
import reproof
import torch

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """The folder with the contract of the weights, and the module."""
    folder = tmp_path_factory.mktemp("forms")
    torch.manual_seed(5)
    module = nets.Classifier().eval()
    torch.save(module.state_dict(), folder / "weights.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE), prepend=":")
        reproof.record(folder / "weights.pt", cases={"pixels": pixels()}, loader="nets:classifier")
    return folder, module


def pixels():
    return torch.arange(256).mul(37).remainder(256).div(255).reshape(4, 64)


def converted(folder, form, **options):
    """The only output, of a form that must be as good as the weights."""
    report = reproof.verify(folder / form, contract=folder / "weights.pt.reproof", **options).check()
    assert (report.relation, report.assurance) == ("converted", "outputs"), report
    assert report.verdict in ("identical", "equivalent"), report.summary
    # The values of all weights are the recorded ones, whatever they are called.
    assert report.artifact["values_digest"] == reproof.digest(folder / "weights.pt").values_digest
    ((output,),) = [case["outputs"] for case in report.cases]
    evidence = output["evidence"]
    if output["verdict"] == "equivalent":
        assert evidence["referee"]["same_function"] and "in float64" in evidence["statement"], evidence
    else:
        # No bit moved, and the referee saw no change that hides in the rounding.
        assert evidence["basis"] == "bits" and "referee_none" not in evidence, evidence
    return output


def test_torchscript_and_exported_programs_keep_the_contract_of_the_weights(classifier):
    folder, module = classifier
    torch.jit.script(module).save(folder / "scripted.pt")
    converted(folder, "scripted.pt")
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(module, (pixels(),), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "program.pt2")
    converted(folder, "program.pt2", trust=True)


def export(module, path, output="output"):
    with warnings.catch_warnings():
        # The exporter that needs no further package is on its way out.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module, (pixels(),), path, dynamo=False, opset_version=20, input_names=["pixels"], output_names=[output],
            dynamic_axes={"pixels": {0: "batch"}, output: {0: "batch"}},
        )  # fmt: skip


@pytest.mark.parametrize("runner", ["onnx", "onnxruntime"])
def test_onnx_keeps_the_contract_of_the_weights_in_either_engine(classifier, runner):
    folder, module = classifier
    export(module, folder / "model.onnx")
    library = pathlib.Path(importlib.util.find_spec("onnxruntime").origin).parent / "capi"
    options = {"onnxruntime": library} if runner == "onnxruntime" else {}
    converted(folder, "model.onnx", runner=runner, **options)
    # One output needs no name, and the weights' contract has none for it.
    export(module, folder / "scores.onnx", "scores")
    converted(folder, "scores.onnx", runner=runner, **options)


def test_onnx_of_another_function_does_not(classifier):
    folder, module = classifier
    changed = nets.Classifier(epsilon=1e-6).eval()
    changed.load_state_dict(module.state_dict())
    export(changed, folder / "changed.onnx")
    report = reproof.verify(folder / "changed.onnx", contract=folder / "weights.pt.reproof", runner="onnx")
    assert report.verdict == "drifted", report.summary
    statement = report.cases[0]["outputs"][0]["evidence"]["statement"]
    assert statement.startswith("the function changed: in float64 it differs by"), statement
