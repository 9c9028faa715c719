"""Contracts in logged models, and verdicts as tags, with a real MLflow and no part of it replaced."""

import json
import shutil

import mlflow
import numpy as np
import pytest
import reproof
import reproof.mlflow


@pytest.fixture
def client():
    return mlflow.MlflowClient()


def log(estimator, example, **options):
    with mlflow.start_run():
        return mlflow.sklearn.log_model(estimator, name="churn", input_example=example, **options)


def ours(tags):
    return {name.removeprefix("reproof."): value for name, value in tags.items() if name.startswith("reproof.")}


def stored(store, name):
    """The one file of a name in the artifact store."""
    (found,) = store.rglob(name)
    return found


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_logged_model_keeps_its_promise_until_a_weight_changes(estimator, table, store, client):
    info = log(estimator, table[:5], registered_model_name="churn")
    before = {path.name: path.read_bytes() for path in stored(store, "MLmodel").parent.iterdir() if path.is_file()}
    recorded = reproof.mlflow.record(info, owner="tests", budget=1.0)

    assert recorded.assurance == "outputs" and recorded.folder == f"{info.model_uri}/reproof"
    assert [case["name"] for case in recorded.contract["suite"]] == ["input-example"]
    # Reproof runs it by itself: nothing was unpickled by MLflow, and there is a referee.
    assert recorded.contract["loading"] == {"adapter": "skops"}
    assert recorded.contract["context"]["notes"]["mlflow-run"] == info.run_id
    folder = stored(store, "contract.json").parent
    assert folder == stored(store, "MLmodel").parent / "reproof"
    assert {path.name: path.read_bytes() for path in folder.parent.iterdir() if path.is_file()} == before

    places = {
        "run": lambda: client.get_run(info.run_id).data.tags,
        "model": lambda: client.get_logged_model(info.model_id).tags,
        "version": lambda: client.get_model_version("churn", "1").tags,
    }
    for place, tags in places.items():
        found = ours(tags())
        assert found.pop("checked").endswith("Z")
        assert found.pop("model", None) == (info.model_id if place == "run" else None)
        assert found == {
            "verdict": "identical",
            "assurance": "outputs",
            "contract": recorded.digest,
            "weights": recorded.contract["artifact"]["weights_digest"],
        }

    # By its registered version, which MLflow downloads with a file of its own, and by an alias.
    client.set_registered_model_alias("churn", "champion", "1")
    for address in ("models:/churn/1", "models:/churn@champion", f"runs:/{info.run_id}/churn"):
        report = reproof.mlflow.verify(address, tags=False, bytes_only=True).check()
        assert report.verdict == "identical"
    assert report.artifact["path"] == f"runs:/{info.run_id}/churn"
    with pytest.raises(reproof.UsageError, match="has a contract already"):
        reproof.mlflow.record(info)

    flip(stored(store, "model.skops"))
    report = reproof.mlflow.verify("models:/churn/1")
    assert report.verdict == "corrupt" and not report.passed
    for tags in places.values():
        assert tags()["reproof.verdict"] == "corrupt" and tags()["reproof.contract"] == recorded.digest


def test_a_contract_that_was_replaced_or_removed_is_found_out(estimator, table, store, client):
    info = log(estimator, table[:5])
    reproof.mlflow.record(info, bytes_only=True)
    contract = stored(store, "contract.json")
    shutil.rmtree(contract.parent)
    with pytest.raises(reproof.UndecidedError, match="its contract contract-v1:.* is gone from the artifact store"):
        reproof.mlflow.verify(info)
    assert client.get_run(info.run_id).data.tags["reproof.verdict"] == "undecided"

    # Another model with a contract of its own, in the place of both.
    flip(stored(store, "model.skops"))
    reproof.record(contract.parents[1], bytes_only=True)
    with pytest.raises(reproof.RefusedError, match="the contract has the digest contract-v1:.*, expected contract-v1:"):
        reproof.mlflow.verify(info)
    assert client.get_logged_model(info.model_id).tags["reproof.verdict"] == "undecided"


CODE = """\
import mlflow


class Doubles(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input * 2


mlflow.models.set_model(Doubles())
"""


def test_what_only_mlflow_loads_needs_trust(table, tmp_path, store, client):
    (tmp_path / "doubles.py").write_text(CODE)
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="doubles", python_model=str(tmp_path / "doubles.py"), input_example=table[:4]
        )
    with pytest.raises(reproof.UndecidedError, match="python_function by running what is in it") as caught:
        reproof.mlflow.record(info)
    assert "trust=True" in caught.value.hint and caught.value.where == info.model_uri
    recorded = reproof.mlflow.record(info, trust=True, budget=1.0)
    assert recorded.contract["loading"] == {"adapter": "callable", "loader": "reproof.mlflow:loader"}
    golden = json.loads(next(store.rglob("outputs.json")).read_text())
    assert [output["name"] for output in golden["values"]] == ["age", "income", "x"]
    # What recording tags is what a fresh download of the stored files gave.
    found = ours(client.get_logged_model(info.model_id).tags)
    assert (found["verdict"], found["assurance"]) == ("identical", "outputs")

    # Trust is in what was recorded: code that somebody put in its place, or beside it, never runs.
    ran = tmp_path / "ran"
    planted = stored(store, "contract.json").with_name("__init__.py")
    planted.write_text(f"open({str(ran)!r}, 'w')\n")
    assert reproof.mlflow.verify(info).verdict == "corrupt" and not ran.exists()
    planted.unlink()
    stored(store, "doubles.py").write_text(f"open({str(ran)!r}, 'w')\n{CODE}")
    assert reproof.mlflow.verify(info, trust=True).verdict == "corrupt" and not ran.exists()


def test_cases_of_your_own(estimator, table, store):
    pickled = log(estimator, None, serialization_format="cloudpickle")
    with pytest.raises(reproof.UsageError, match="without an input example, and no cases are given") as caught:
        reproof.mlflow.record(pickled)
    assert "cases=" in caught.value.hint
    cases = {"two-rows": {name: np.asarray(table[name][:2]) for name in table.columns}}
    recorded = reproof.mlflow.record(pickled, cases=cases, budget=1.0)
    assert [case["name"] for case in recorded.contract["suite"]] == ["two-rows"]
    # A pickle of nothing but estimators needs no trust.
    assert recorded.contract["loading"] == {"adapter": "sklearn"}
    golden = json.loads(next(store.rglob("outputs.json")).read_text())
    assert {"predict_proba", "predict"} <= {output["name"] for output in golden["values"]}


def test_addresses_that_lead_nowhere_and_models_without_a_contract(estimator, table):
    info = log(estimator, table[:5])
    with pytest.raises(reproof.UndecidedError, match="no contract was logged with the model") as caught:
        reproof.mlflow.verify(info)
    assert "reproof.mlflow.record" in caught.value.hint
    for address in (
        "models:/nobody/1", "models:/nobody/latest", "models:/nobody@champion", "runs:/0123456789abcdef/churn",
        f"runs:/{info.run_id}/nothing", "models:/m-0123456789abcdef0123456789abcdef", "s3://bucket/model", "churn",
    ):  # fmt: skip
        with pytest.raises(reproof.UsageError) as caught:
            reproof.mlflow.verify(address)
        assert caught.value.where == address and "log_model" in caught.value.hint, address
