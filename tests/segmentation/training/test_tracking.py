from dataclasses import replace
from importlib.util import find_spec

import pytest

from segmentation.training import tracking
from segmentation.training.tracking import EXPERIMENT, Tracker, TrackingUnavailableError
from segmentation.training.train import train
from tests.segmentation.factories_model import SMALL
from tests.segmentation.factories_split import TINY, small_split

needs_mlflow = pytest.mark.skipif(
    find_spec("mlflow") is None, reason="MLflow is an extra: learned-normal[mlflow]"
)
# MLflow's own, on import and on making a store's tables.
quiet = pytest.mark.filterwarnings("ignore")


class Killed(Exception):
    pass


def run(folder, uri, data, **other):
    (folder / "out").mkdir(exist_ok=True)
    config = replace(TINY, mlflow_uri=uri)
    train(SMALL, config, data, None, folder / "out", work_dir=folder / "work", **other)


def test_without_an_address_nothing_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    tracker = Tracker("", SMALL, TINY, tmp_path, "name")
    tracker.send([])
    tracker.finish({})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_mlflow_is_said_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    with pytest.raises(TrackingUnavailableError, match=r"learned-normal\[mlflow\]"):
        run(tmp_path, "sqlite:///nowhere.db", small_split(tmp_path / "data"))
    assert list((tmp_path / "out").iterdir()) == []


@quiet
@needs_mlflow
def test_a_killed_training_goes_on_in_its_run(tmp_path):
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'runs.db'}"

    def kill(done, total):
        if done == 3:
            raise Killed

    data = small_split(tmp_path / "data")
    with pytest.raises(Killed):
        run(tmp_path, uri, data, progress=kill)
    run(tmp_path, uri, data)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (found,) = client.search_runs([experiment.experiment_id])
    sent = client.get_metric_history(found.info.run_id, "loss")
    assert sorted({metric.step for metric in sent}) == [1, 2, 3, 4, 5, 6]
    assert found.info.status == "FINISHED"
    assert found.data.params["training.steps"] == "6"
    assert found.data.params["model.architecture"] == "unet"
    assert found.data.tags["stopped_by"] == "steps"
