"""A real MLflow: its database, its artifact store and its registry in one folder."""

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """The folder of the artifact store; what is trusted in a test is forgotten after it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_registry_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("tests", (tmp_path / "store").as_uri()))
    return tmp_path / "store"


@pytest.fixture
def table():
    values = np.random.default_rng(3).normal(size=(60, 3))
    return pd.DataFrame(values, columns=["age", "income", "x"])


@pytest.fixture
def estimator(table):
    target = np.where(table["age"] > 0, "stays", "goes")
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(table, target)
