"""The whole line on small synthetic input: what each stage left in the store."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.partitions import camera_day_key
from dataset_build.ledger.ledger import balance
from pipelines.shell.runs import Planned, RunFailedError
from tests.pipelines.factories_door import call

DATASET = ("merged_dataset", "cleaned_dataset", "dataset_split")


@pytest.fixture(scope="module")
def truth(line):
    return json.loads((line.settings.home / "sources" / "truth.json").read_text())


@pytest.fixture(scope="module")
def ledger(line):
    """Sample id -> row of the finished ledger."""
    rows = pq.read_table(line.path("dataset_split") / "ledger.parquet").to_pylist()
    return {row["sample_id"]: row for row in rows}


# The dataset.


@pytest.mark.parametrize("asset", DATASET)
def test_ledger_balances_at_every_stage(line, truth, asset):
    table = pq.read_table(line.path(asset) / "ledger.parquet")
    assert balance(table) == []
    assert table.num_rows == len(truth["samples"]) + len(truth["faults"])
    assert len(set(table["sample_id"].to_pylist())) == table.num_rows


def test_every_planted_fault_has_its_reason(ledger, truth):
    faults = [fault for fault in truth["faults"] if "duplicate" not in fault["kind"]]
    found = {fault["sample_id"]: ledger[fault["sample_id"]]["reason"] for fault in faults}
    assert found == {fault["sample_id"]: fault["expected_code"] for fault in faults}
    assert {ledger[key]["stage"] for key in found} == {"scan", "clean"}
    assert all(ledger[fault["sample_id"]]["fate"] == "removed" for fault in faults)


@pytest.mark.parametrize("kind", ["exact_duplicate", "near_duplicate"])
def test_one_of_a_group_of_duplicates_stays(ledger, truth, kind):
    rows = [ledger[f["sample_id"]] for f in truth["faults"] if f["kind"] == kind]
    codes = {fault["expected_code"] for fault in truth["faults"] if fault["kind"] == kind}
    gone = [row for row in rows if row["fate"] == "removed"]
    assert (len(rows), len(gone)) == (3, 2)
    assert {row["reason"] for row in gone} == codes


def test_what_is_removed_says_the_measured_value_and_holds_no_path(line, ledger):
    removed = [row for row in ledger.values() if row["fate"] == "removed"]
    assert removed
    assert all(row["reason"] and row["stage"] for row in removed)
    assert not any(str(line.settings.home) in row["measured"] for row in ledger.values())


def test_every_kept_sample_has_a_split(ledger):
    splits = {row["split"] for row in ledger.values() if row["fate"] != "removed"}
    assert splits == {"train", "val", "test"}
    assert {row["split"] for row in ledger.values() if row["fate"] == "removed"} == {""}


def test_nothing_is_decided_before_a_person_looked(line):
    table = pq.read_table(line.path("review_decisions") / "decisions.parquet")
    assert table.num_rows == 0
    assert pq.read_table(line.path("review_queue") / "queue.parquet").num_rows > 0


# The model.


def test_champion_is_the_only_model_and_its_scores_are_there(line):
    card = json.loads((line.path("champion_model") / "champion.json").read_text())
    assert card["architecture"] == "unet"
    rows = pq.read_table(line.path("model_evaluation", "unet") / "metrics.parquet").to_pylist()
    assert {row["scope"] for row in rows} >= {"all", "voc", "coco_stuff", "ade20k"}
    assert (line.path("model_evaluation", "unet") / "worst.png").is_file()


# The camera.


def test_first_day_warms_up_and_says_so(line):
    key = f"{line.camera}/{line.days[0]}"
    normal = json.loads((line.path("learned_normal", key) / "normal.json").read_text())
    judged = json.loads((line.path("anomalies", key) / "anomalies.json").read_text())
    assert (normal["status"], normal["days"]) == ("warming_up", [])
    assert judged["status"] == "warming_up"
    assert pq.read_table(line.path("anomalies", key) / "events.parquet").num_rows == 0
    page = (line.path("camera_report", key) / "report.html").read_text()
    assert "warming up" in page.lower()


def test_second_day_is_judged_by_the_first_and_never_by_itself(line):
    key = f"{line.camera}/{line.days[1]}"
    version = line.store.require("learned_normal", key)
    normal = json.loads((line.store.path(version) / "normal.json").read_text())
    assert (normal["status"], normal["days"]) == ("ready", [line.days[0]])
    read = {(one.asset, one.partition) for one in line.store.provenance(version).inputs}
    assert read == {
        ("activity_counts", f"{line.camera}/{line.days[0]}"),
        ("label_maps", key),  # whose labels they must mean
        ("scene_change", key),
        ("trajectories", f"{line.camera}/{line.days[0]}"),
    }
    folder = line.path("anomalies", key)
    told = json.loads((folder / "anomalies.json").read_text())["paths"]
    assert told["status"] == "too_few"  # a day of walks behind it: none can be left out


def test_events_of_the_incident_day_have_marked_pictures(line):
    folder = line.path("anomalies", f"{line.camera}/{line.days[1]}")
    events = pq.read_table(folder / "events.parquet").to_pylist()
    assert events, "nothing was found on the day with loitering and a camera knock"
    assert all(event["reason"] for event in events)
    for event in events[:6]:
        assert (folder / f"marked_{event['event_id']}.png").is_file()
        assert (folder / f"delta_{event['event_id']}.png").is_file()
    assert json.loads((folder / "anomalies.json").read_text())["status"] == "judged"


def test_report_is_self_contained(line):
    for key in line.store.partitions("camera_report"):
        page = (line.path("camera_report", key) / "report.html").read_text()
        links = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
        assert any(link.startswith("data:image/png") for link in links)
        outside = [link for link in links if not link.startswith(("data:", "#"))]
        assert outside == [], key
        assert "@import" not in page
        assert "url(http" not in page
        assert line.settings.home.as_posix() not in page


def test_index_links_to_reports_that_are_there(line):
    folder = line.path("camera_index")
    links = re.findall(r'href="([^"#]*report\.html)"', (folder / "index.html").read_text())
    assert len(set(links)) == len(line.days)
    assert all((folder / link).resolve().is_file() for link in links)


# What Dagster knows.


def test_materializations_carry_pictures_tables_and_the_version(line):
    key = camera_day_key(line.camera, line.days[1])
    record = line.runner.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey("learned_normal"), asset_partitions=[key]),
        limit=1,
    ).records[0]
    metadata = record.asset_materialization.metadata
    current = line.store.require("learned_normal", f"{line.camera}/{line.days[1]}")
    assert metadata["version"].value == current.digest
    assert metadata["mode"].value.startswith("![mode](data:image/")
    tags = record.event_log_entry.dagster_event.step_materialization_data.materialization.tags
    assert tags["dagster/data_version"] == current.digest
    assert tags["dagster/code_version"] == "8"


def test_camera_days_are_partitions_of_two_dimensions(line):
    assert line.runner.instance.get_dynamic_partitions("camera") == [line.camera]
    done = line.runner.instance.get_materialized_partitions(dg.AssetKey("camera_report"))
    assert done == {str(camera_day_key(line.camera, day)) for day in line.days}
    run = next(
        run
        for run in line.runner.instance.get_runs(dg.RunsFilter(job_name="camera_job"))
        if run.tags["dagster/partition"] == str(camera_day_key(line.camera, line.days[0]))
    )
    assert run.tags["dagster/partition/camera"] == line.camera
    assert run.tags["dagster/partition/day"] == line.days[0]


#: Materialized on demand: about a machine, not the data; and what a person looks at or said.
ON_DEMAND = {dg.AssetKey(name) for name in ("model_speed", "event_queue", "event_marks")}


def test_every_check_of_the_graph_was_evaluated(line):
    graph = line.runner._definitions.get_repository_def().asset_graph
    assert graph.asset_check_keys
    never = [
        key
        for key in graph.asset_check_keys
        if key.asset_key not in ON_DEMAND
        and not line.runner.instance.event_log_storage.get_asset_check_execution_history(key, 1)
    ]
    assert never == []


# What is at fault never becomes current.


def state(line) -> dict[str, str]:
    """Digest of every current version of the dataset."""
    names = ["source_samples", "human_masks", *DATASET, "dataset_statistics"]
    return {
        f"{name}/{key}": line.store.require(name, key).digest
        for name in names
        for key in line.store.partitions(name)
    }


def sources_with(line, name: str, root: Path) -> dict[str, Path]:
    return {**line.settings.sources, name: root}


def test_an_emptied_source_publishes_nothing(line, tmp_path):
    before = state(line)
    runner = line.rebuilt_with(sources=sources_with(line, "voc", tmp_path))
    with pytest.raises(RunFailedError, match=r"\[source_pass\].*VOC") as caught:
        runner.run(Planned(job="source_job", partition="voc"))
    assert str(tmp_path) in str(caught.value)
    assert state(line) == before


def test_a_source_folder_that_is_gone_is_named(line, tmp_path):
    before = state(line)
    runner = line.rebuilt_with(sources=sources_with(line, "voc", tmp_path / "gone"))
    with pytest.raises(RunFailedError, match="gone"):
        runner.run(Planned(job="source_job", partition="voc"))
    assert state(line) == before


def test_a_source_without_masks_is_kept_aside(line, tmp_path):
    before = state(line)
    shutil.copytree(line.settings.sources["ade20k"], tmp_path / "ade20k")
    for mask in (tmp_path / "ade20k").rglob("annotations/*/*"):
        mask.unlink()
    runner = line.rebuilt_with(sources=sources_with(line, "ade20k", tmp_path / "ade20k"))
    with pytest.raises(RunFailedError, match="some_samples_are_readable does not hold"):
        runner.run(Planned(job="source_job", partition="ade20k"))
    assert state(line) == before
    (rejection, *_) = line.store.rejections("source_samples", "ade20k")
    assert "some_samples_are_readable" in " ".join(rejection.findings)


def test_a_source_that_is_not_configured_is_named(line):
    with pytest.raises(RunFailedError, match="source penn_fudan is not configured"):
        line.runner.run(Planned(job="source_job", partition="penn_fudan"))


def test_a_dataset_that_fails_its_audit_leaves_the_last_good_one_current(line):
    before = state(line)
    runner = line.rebuilt_with(dataset={**line.settings.dataset, "negative_share": 0.8})
    with pytest.raises(RunFailedError, match=r"\[dataset_split\] Not published") as caught:
        runner.run(Planned(job="dataset_job"))
    assert "negative_share_is_held does not hold" in str(caught.value)
    after = state(line)
    held = ("dataset_split/all", "dataset_statistics/all")
    assert {key: after[key] for key in held} == {key: before[key] for key in held}
    assert line.store.rejections("dataset_split")
    ledger = line.path("dataset_split") / "ledger.parquet"
    line.store.verify(line.store.require("dataset_split"))
    assert hashlib.sha256(ledger.read_bytes()).hexdigest()


def test_commands_over_the_finished_line(line, disk_with_room):
    assert "FAIL" not in call(line, "doctor")
    assert f"{len(line.days)} reports" in call(line, "cameras", "list")
    assert line.days[1] in call(line, "report", line.camera)
    assert f"0 days filled, {len(line.days)} " in call(line, "cameras", "backfill", line.camera)
