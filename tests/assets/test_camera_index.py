"""The index of cameras in the store: its links lead to reports, and no report is read twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image

from assets.camera_index import camera_index
from assets.resources import CameraSetup
from pipelines.storage.store import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def report(store: Store, camera: str, day: str, events: int = 0) -> None:
    """A report as far as an index reads it."""
    told = {
        "camera_id": camera,
        "day": day,
        "status": "judged",
        "events": events,
        "worst_bits": 9.0 if events else None,
        "usable_share": 1.0,
    }
    with store.draft("camera_report", f"{camera}/{day}") as draft:
        (draft / "report.json").write_text(json.dumps(told))
        (draft / "report.html").write_text(f"{camera} {day} {events}")
        Image.new("RGB", (32, 18), "gray").save(draft / "thumbnail.png")
        version = store.seal(
            draft, "camera_report", f"{camera}/{day}", code_version="1", inputs=(), config={}
        )
    store.publish(version)


def page(store: Store, *registered: str) -> str:
    setup = CameraSetup(
        footage_root=Path(store.root).parent / "footage", footage_files=lambda *_: ()
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("camera", list(registered))
        resources = {"store": store, "camera_setup": setup}
        assert dg.materialize([camera_index], resources=resources, instance=instance).success
    folder = store.path(store.require("camera_index"))
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Folders of reports that were opened."""
    opened: list[str] = []
    path = Store.path

    def noted(self, version):
        if version.asset == "camera_report":
            opened.append(version.partition)
        return path(self, version)

    monkeypatch.setattr(Store, "path", noted)
    return opened


def test_every_link_leads_to_a_report_and_the_picture_is_there(store):
    for day in range(1, 21):
        report(store, "door", f"2026-01-{day:02}")
    report(store, "hall", "2026-01-20", events=1)
    text = page(store)
    folder = store.path(store.require("camera_index"))
    assert text.index("hall") < text.index("door")
    assert text.count("<img") == 2
    every = [(folder, text)]
    every += [(one.parent, one.read_text()) for one in folder.glob("cameras/*.html")]
    links = [(where, link) for where, one in every for link in re.findall('href="(.*?)"', one)]
    assert len(links) == 1 + 15 + 1 + 20 + 1
    assert all((where / link).is_file() for where, link in links)


def test_only_reports_that_changed_are_read_again(store, reads):
    for day in ("2026-01-05", "2026-01-06", "2026-01-07"):
        report(store, "door", day)
    page(store)
    assert set(reads) == {"door/2026-01-05", "door/2026-01-06", "door/2026-01-07"}
    reads.clear()
    report(store, "door", "2026-01-05", events=2)
    assert "2 events" in page(store)
    assert sorted(set(reads)) == ["door/2026-01-05", "door/2026-01-07"]  # and the picture shown


def cameras_of(store: Store, *registered: str) -> list[str]:
    """Cameras that the index shows, the first one first."""
    return re.findall(r">(attic|door|hall)<", page(store, *registered))


def test_a_camera_whose_folder_is_gone_leaves_the_index_and_keeps_its_reports(store, tmp_path):
    for camera, events in (("attic", 3), ("door", 0), ("hall", 0)):
        report(store, camera, "2026-01-05", events)
        (tmp_path / "footage" / camera).mkdir(parents=True)
    everyone = ("attic", "door", "hall")
    assert set(cameras_of(store, *everyone)) == set(everyone)
    (tmp_path / "footage" / "attic").rmdir()
    (tmp_path / "footage" / "hall").rmdir()
    (tmp_path / "footage" / "hall").symlink_to("/drive/that/is/away")
    (tmp_path / "footage" / ".attic").mkdir()
    assert set(cameras_of(store, *everyone)) == {"door", "hall"}
    assert store.current("camera_report", "attic/2026-01-05") is not None
    (tmp_path / "footage" / "attic").mkdir()
    assert cameras_of(store)[0] == "attic"


@pytest.mark.parametrize(
    ("root", "registered", "left"),
    [
        (False, (), {"door", "hall"}),  # a drive is away
        (True, ("door", "hall"), {"door", "hall"}),  # so, too: its mount point is left
        (True, ("hall",), {"hall"}),  # the door was removed by a person
        (True, (), set()),
    ],
)
def test_no_camera_vanishes_while_the_footage_root_is_away(store, tmp_path, root, registered, left):
    report(store, "door", "2026-01-05", events=1)
    report(store, "hall", "2026-01-05")
    if root:
        (tmp_path / "footage").mkdir()
    assert set(cameras_of(store, *registered)) == left


def test_who_was_removed_does_not_come_back_when_the_footage_root_goes_away(store, tmp_path):
    for camera in ("door", "hall"):
        report(store, camera, "2026-01-05")
    (tmp_path / "footage" / "hall").mkdir(parents=True)
    assert set(cameras_of(store, "hall")) == {"hall"}
    (tmp_path / "footage" / "hall").rmdir()
    (tmp_path / "footage").rmdir()
    assert set(cameras_of(store)) == {"hall"}
    report(store, "attic", "2026-01-05")
    assert set(cameras_of(store, "attic")) == {"attic", "hall"}


def test_a_damaged_index_is_made_anew(store):
    report(store, "door", "2026-01-05")
    whole = page(store)
    (store.path(store.require("camera_index")) / "entries.parquet").unlink()
    assert page(store) == whole
