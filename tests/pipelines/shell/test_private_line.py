"""Private video as an asset: off unless a camera asks for it, audited, told in the report."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import av
import dagster as dg
import numpy as np
import pytest
from click.testing import CliRunner

from assets.checks import CLAIMS
from assets.checks_privacy import (
    browsers_can_play_it,
    every_frame_is_accounted_for,
    nothing_else_goes_with_it,
)
from assets.partitions import camera_day_key
from camera_analysis.camera import Camera
from camera_analysis.camera_file import load_camera, write_camera
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.privacy.private_day import write_private_day
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.privacy.scramble import new_key
from camera_analysis.privacy.scramble_file import ScrambleReader
from pipelines.automation.sensors import private_video_sensor
from pipelines.cli.command import main
from pipelines.cli.privacy import privacy
from pipelines.shell.runs import RunFailedError, Runner
from tests.camera_analysis.factories_private import film

DAY = "2026-01-05"


def ask_for_video(tiny, **settings) -> None:
    folder = tiny.settings.footage / "door"
    wanted = PrivateVideoSettings(hold_s=0.5, **settings)
    write_camera(replace(load_camera(folder), private_video=wanted), folder)


def asked_for(settings, instance) -> dg.RunRequest | dg.SkipReason:
    """What the sensor says when the newest run of a camera-day has ended well."""
    good = dg.RunsFilter(job_name="camera_job", statuses=[dg.DagsterRunStatus.SUCCESS])
    (run,) = instance.get_runs(good, limit=1)
    sensor = private_video_sensor(settings)
    assert sensor.job_name == "report_job"
    event = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name
    )
    return sensor(
        dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_event=event,
            dagster_instance=instance,
            dagster_run=run,
        )
    )


def version_of(tiny) -> Path:
    return tiny.store.path(tiny.store.require("private_video", f"door/{DAY}"))


def page_of(tiny) -> str:
    version = tiny.store.require("camera_report", f"door/{DAY}")
    return (tiny.store.path(version) / "report.html").read_text(encoding="utf-8")


def test_a_camera_asks_for_private_video_and_gets_it(tiny, run_day, monkeypatch):
    source = tiny.film("door", f"{DAY}T08-00-00.mp4")
    ask_for_video(tiny, method="mask", reversible=True)
    with pytest.raises(RunFailedError, match=r"\[private_video\].*privacy key"):
        run_day("door", DAY)
    page = page_of(tiny)
    assert "Video with people hidden" in page
    assert "Not written yet" in page, "the report does not wait"

    key = new_key()
    monkeypatch.setattr("pipelines.resources.privacy_key", lambda _store: key)
    run_day("door", DAY)
    made = version_of(tiny)
    video = made / "videos" / f"{DAY}T08-00-00.mp4"
    source_frames, shown = (
        [one.frame_rgb for one in read_samples(path, 1e-4) if isinstance(one, SampledFrame)]
        for path in (source, video)
    )
    assert len(shown) == len(source_frames)
    people = list(ScrambleReader(video.with_suffix(".people"), key, video).people())
    assert people
    for one in people:
        assert (one.pixels_rgb == source_frames[one.number][one.mask_hw]).all()
    looked_at = {
        claim.name: claim.look(made).passed
        for claim in CLAIMS["private_video"]
        if not claim.against
    }
    assert looked_at["every_frame_is_accounted_for"] and looked_at["browsers_can_play_it"]
    assert looked_at["nothing_else_goes_with_it"] and not looked_at["a_network_looked_for_people"]

    assert key not in (made / "provenance.json").read_bytes()
    assert "Not written yet" in page_of(tiny), "the video comes after the page"
    with Runner(tiny.settings).instance as instance:
        request = asked_for(tiny.settings, instance)
        run_day("door", DAY, job="report_job")
        assert request.partition_key == camera_day_key("door", DAY)
        assert "Not written yet" not in page_of(tiny) and video.name in page_of(tiny)
        assert asked_for(tiny.settings, instance).skip_message.endswith("its page knows its video")
        folder = tiny.settings.footage / "door"
        write_camera(replace(load_camera(folder), private_video=None), folder)
        assert asked_for(tiny.settings, instance).skip_message.endswith("no video is wanted")
        shutil.rmtree(folder)
        assert "door" in asked_for(tiny.settings, instance).skip_message, "the camera was removed"


def test_of_a_video_that_failed_its_audit_numbers_alone_are_kept(tiny, run_day):
    tiny.film("door", f"{DAY}T08-00-00.mp4")
    ask_for_video(tiny, method="blur")
    with pytest.raises(RunFailedError, match=r"its_audit_passed"):
        run_day("door", DAY)
    partition = f"door/{DAY}"
    (rejection,) = tiny.store.rejections("private_video", partition)
    folder = tiny.settings.home / "store" / rejection.version.rejected_folder
    kept = {path.name for path in folder.iterdir()}
    assert {"private_video.json", "private_frames.parquet"} <= kept
    assert not kept & {"videos", "preview.png"}


def test_a_video_that_was_refused_with_its_pictures_goes_with_the_next_prune(tiny, tmp_path):
    def refused(partition, *names):
        with tiny.store.draft("private_video", partition) as draft:
            for name in ("private_video.json", *names):
                (draft / name).parent.mkdir(exist_ok=True)
                (draft / name).write_text(f"{name} of {partition}")
            made = tiny.store.seal(
                draft, "private_video", partition, code_version="1", inputs=(), config={}
            )
        tiny.store.reject(made, ["its_audit_passed does not hold"])
        return made

    seen = refused("door/2026-01-05", "videos/a.mp4", "preview.png")
    numbers = refused("door/2026-01-06")
    said = CliRunner().invoke(main, ["store", "prune", "--home", str(tiny.settings.home)])
    assert said.output.splitlines() == [
        f"private_video/door/2026-01-05@{seen.digest}",
        "1 versions removed",
    ]
    root = tiny.settings.home / "store"
    assert not (root / seen.rejected_folder).exists()
    assert (root / numbers.rejected_folder / "private_video.json").is_file()
    for version in (seen, numbers):
        (rejection,) = tiny.store.rejections("private_video", version.partition)
        assert rejection.findings == ("its_audit_passed does not hold",)


def broken(made: Path, target: Path) -> Path:
    shutil.copytree(made, target)
    return target


def test_claims_find_what_is_wrong(tmp_path):
    """A version with a frame too few, one with its index last, one with words of the source."""
    footage = tmp_path / "footage"
    footage.mkdir()
    film(footage / f"{DAY}T08-00-00.mp4", [n / 10 for n in range(30)])
    made = tmp_path / "made"
    made.mkdir()
    settings = PrivateVideoSettings(method="mask", hold_s=0.25)
    camera = Camera(id="door", folder=footage, private_video=settings)
    write_private_day(camera, DAY, None, made)
    name = f"videos/{DAY}T08-00-00.mp4"

    shorter = broken(made, tmp_path / "shorter")
    with av.open(str(shorter / name), "w") as container:
        container.metadata["title"] = "Aisle 7"
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for claim in (every_frame_is_accounted_for, browsers_can_play_it, nothing_else_goes_with_it):
        assert claim(made).passed
        assert not claim(shorter).passed
    assert "title" in nothing_else_goes_with_it(shorter).seen


def test_the_command_line_knows_the_group():
    assert {"video", "key", "restore", "methods"} <= set(privacy.commands)
