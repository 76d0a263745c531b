"""Footage of one camera to what is normal there, and what departs from it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from assets.camera_marks import CameraMarks
from assets.checks import specs
from assets.models import RAY_GPU_STEP, champion_model
from assets.partitions import CAMERA_DAY, store_partition, window_of_preceding_days
from assets.progress import log_progress
from assets.publishing import RETRY, Event, as_json, need, publish, publish_together
from assets.resources import CameraSetup, GpuGuard, VersionStore
from camera_analysis.camera import Camera, load_camera
from camera_analysis.channels.channel_history import write_scale
from camera_analysis.events import anomaly
from camera_analysis.events.class_history import DayBehind, write_class_scale
from camera_analysis.labelling import label_pass
from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.normal import day_counts, learned_normal
from camera_analysis.normal.scene_files import read_scene
from camera_analysis.reports import report
from camera_analysis.tracks.walks import write_window
from segmentation.inference_config import InferenceConfig

STORE = dg.ResourceParam[VersionStore]
CAMERAS = dg.ResourceParam[CameraSetup]
GPU = dg.ResourceParam[GpuGuard]
#: Days of history shown in the graph; a camera's own ``window_days`` decides what is read.
DEFAULT_WINDOW_DAYS = 7


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            name,
            group_name="cameras",
            partitions_def=CAMERA_DAY,
            deps=[champion_model],
            code_version="4",
            description=description,
            kinds={"python", "parquet"},
        )
        for name, description in {
            "frame_index": "Time stamp and quality of every sampled frame; pixels are not stored.",
            "label_maps": "One losslessly compressed label map per usable sampled frame.",
            "regions": "Every human or mover region of each frame, also between the samples.",
        }.items()
    ],
    check_specs=[*specs("frame_index"), *specs("label_maps"), *specs("regions")],
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
)
def footage_pass(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS, gpu: GPU
) -> Iterator[Event]:
    """Decode the day's footage once: which frames are usable, and what each of them shows."""
    place = CameraDay(context, store, camera_setup)
    champion = store.current("champion_model")
    with gpu.slot():
        segmenter = (
            load_segmenter(
                store.path(champion), gpu.device, camera_setup.inference, camera_setup.exports
            )
            if champion
            else None
        )

        def make(folders: Mapping[str, Path]) -> Mapping[str, object]:
            summary = label_pass.process_day(
                place.camera,
                place.day,
                segmenter,
                folders["frame_index"],
                folders["label_maps"],
                regions_out=folders["regions"],
                config=camera_setup.passes,
                progress=log_progress(context),
            )
            return {"frame_index": summary, "label_maps": summary, "regions": summary.regions}

        yield from publish_together(
            context,
            store,
            make,
            inputs=[champion] if champion else [],
            config={
                "camera": place.camera,
                "pass": camera_setup.passes,
                "inference": camera_setup.inference,
                # Taken before decoding: a file that comes meanwhile makes the day due again.
                "footage": place.footage_files(),
            },
        )


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=["frame_index", "label_maps"],
    check_specs=specs("activity_counts"),
    code_version="3",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def activity_counts(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """How often each pixel was each class, and each place each speed, direction, size and stay."""
    place = CameraDay(context, store, camera_setup)
    index, labels = place.need("frame_index"), place.need("label_maps")
    yield from publish(
        context,
        store,
        lambda out: day_counts.count_day(store.path(index), store.path(labels), out),
        inputs=[index, labels],
    )


@dg.asset(
    name="learned_normal",
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=[
        dg.AssetDep(
            "activity_counts", partition_mapping=window_of_preceding_days(DEFAULT_WINDOW_DAYS)
        ),
        dg.AssetDep(
            "trajectories", partition_mapping=window_of_preceding_days(DEFAULT_WINDOW_DAYS)
        ),
        "label_maps",
        "scene_change",
    ],
    check_specs=specs("learned_normal"),
    code_version="5",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def normal_of_window(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """Counts of the preceding days: mode, human frequency, entropy; or ``warming up``."""
    place = CameraDay(context, store, camera_setup)
    days = place.days_behind_the_normal()
    history, walked = place.counted_days(), place.walked_days()
    judged = place.judged_days(history)
    labels, scene = place.need("label_maps"), place.need("scene_change")
    segmenter = read_labels_meta(store.path(labels)).segmenter
    marks = CameraMarks(store, place.camera)

    def make(out: Path) -> object:
        with marks.counts_without_alarms(history) as counted:
            summary = learned_normal.build_normal(
                counted,
                days,
                out,
                plate=store.path(labels) / "plate.png",
                judged_day=None if place.camera.mode == "clip" else place.day,
                segmenter=segmenter,
                left_out=read_scene(store.path(scene)).left_out,
            )
            behind = {day: counted[day] for day in summary.channel_days}
            write_scale(behind, place.made_of(history, "label_maps"), out)
            held_out = place.days_behind(summary.days, counted, history, judged, marks)
            write_class_scale(held_out, camera_setup.anomalies, out)
            known = {day: store.path(walked[day]) for day in summary.days if day in walked}
            write_window(known, marks.alarm_spans(known), segmenter, out)
            return summary

    yield from publish(
        context,
        store,
        make,
        inputs=[
            *(labels, scene),
            *(one for found in (history, walked, judged) for one in found.values()),
            *marks.inputs,
        ],
        config={
            "days": days,
            "min_frames": learned_normal.MIN_FRAMES,
            "segmenter": segmenter,
            "anomalies": camera_setup.anomalies,  # what would have been an event on these days
        },
    )


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=["frame_index", "label_maps", "scene_change", "trajectories", normal_of_window],
    check_specs=specs("anomalies"),
    code_version="5",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def anomalies(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """Delta map, surprise and events of the day; marked frames hold no pixel of the footage."""
    place = CameraDay(context, store, camera_setup)
    names = ("frame_index", "label_maps", "learned_normal", "scene_change")
    inputs = [place.need(name) for name in names]
    index, labels, normal, scene = (store.path(version) for version in inputs)
    tracks = place.current("trajectories")  # days of before there were tracks have none
    marks = CameraMarks(store, place.camera)
    yield from publish(
        context,
        store,
        lambda out: anomaly.judge_day(
            index,
            labels,
            normal,
            out,
            day=place.day,
            zone=place.camera.zone,
            config=camera_setup.anomalies,
            mode=place.camera.mode,
            trajectories=store.path(tracks) if tracks else None,
            scene_changed=place.blocks_other_scenes and read_scene(scene).is_changed,
            feedback=marks.feedback(place.day),
        ),
        inputs=[*inputs, *([tracks] if tracks else []), *marks.inputs],
        config={
            "anomalies": camera_setup.anomalies,
            "mode": place.camera.mode,
            "scene_changes": place.camera.scene_changes,
            "time_zone": place.camera.time_zone,
        },
    )


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=[
        *("frame_index", "label_maps", "scene_change", "occupancy", "trajectories"),
        *(activity_counts, normal_of_window, anomalies),
    ],
    check_specs=specs("camera_report"),
    code_version="5",
    retry_policy=RETRY,
    kinds={"python", "html"},
)
def camera_report(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """One self-contained page of the camera-day: normal, events, activity, frame quality."""
    place = CameraDay(context, store, camera_setup)
    names = (
        *("frame_index", "label_maps", "activity_counts"),
        *("scene_change", "learned_normal", "anomalies", "occupancy"),
    )
    versions = {name: place.need(name) for name in names}
    if tracks := place.current("trajectories"):  # days of before there were tracks have none
        versions["trajectories"] = tracks
    if video := place.current("private_video"):  # written last: of an earlier run, if at all
        versions["private_video"] = video
    folders = {name: store.path(version) for name, version in versions.items()}
    marks = CameraMarks(store, place.camera)
    inputs = report.ReportInputs(
        camera=place.camera,
        day=place.day,
        marks=marks.marks,
        **folders,
        versions={name: version.digest for name, version in versions.items()},
    )
    yield from publish(
        context,
        store,
        lambda out: report.write_report(inputs, out),
        inputs=[*versions.values(), *marks.inputs],
        config={"camera": place.camera},
    )


class CameraDay:
    """The camera and day of a running step, and its versions in the store."""

    def __init__(
        self, context: dg.AssetExecutionContext, store: VersionStore, setup: CameraSetup
    ) -> None:
        key = context.partition_key
        self._partition = store_partition(key)
        self._store = store
        self._setup = setup
        camera_id, self.day = self._partition.split("/")
        self.camera = _known_camera(setup.footage_root / camera_id)

    def footage_files(self) -> tuple[str, ...]:
        """What the day's footage is, to know later whether any came or grew."""
        try:
            return self._setup.footage_files(self.camera, self.day)
        except (ValueError, FileNotFoundError) as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    def need(self, asset: str) -> Any:  # noqa: ANN401
        """Current version of another asset of the same camera-day."""
        return need(self._store, asset, self._partition)

    def current(self, asset: str) -> Any:  # noqa: ANN401
        """Current version of another asset of the same camera-day; None where there is none."""
        return self._store.current(asset, self._partition)

    def of_day_before(self, asset: str) -> Any:  # noqa: ANN401
        """Current version of an asset of the day before; None where nothing leads over from it."""
        if self.camera.mode == "clip":
            return None
        day = date.fromisoformat(self.day) - timedelta(days=1)
        return self._store.current(asset, f"{self.camera.id}/{day.isoformat()}")

    @property
    def title(self) -> str:
        """Camera and day, as pictures are titled; of a made-up day, the camera alone."""
        return self.camera.titled(self.day)

    def days_behind_the_normal(self) -> list[str]:
        """The window's days, oldest first: never the day itself, but for a single clip."""
        if self.camera.mode == "clip":
            return [self.day]  # judged by cross-fitting: each block against the others
        day = date.fromisoformat(self.day)
        offsets = range(self.camera.window_days, 0, -1)
        first = (self.camera.learn_from or date.min).isoformat()
        days = [(day - timedelta(days=offset)).isoformat() for offset in offsets]
        return [other for other in days if other >= first]

    def counted_days(self) -> dict[str, Any]:
        """Day of the window -> version of its counts, for days that have any."""
        return self._of_window("activity_counts")

    def walked_days(self) -> dict[str, Any]:
        """Day of the window -> version of its trajectories; a single clip has no earlier walks."""
        return {} if self.camera.mode == "clip" else self._of_window("trajectories")

    def judged_days(self, history: Mapping[str, Any]) -> dict[str, Any]:
        """Day of the window -> version of its anomalies, of its counted labels, by these settings.

        No arrow says so: it would lead back. A day without a verdict is looked at once more.
        """
        if self.camera.mode == "clip":
            return {}
        settings = as_json(self._setup.anomalies)
        found = {}
        for day, version in self._of_window("anomalies").items():
            made = self._store.provenance(version)
            counted = self._store.provenance(history[day]).inputs if day in history else ()
            same = {one for one in counted if one.asset == "label_maps"} & set(made.inputs)
            if same and made.config.get("anomalies") == settings:
                found[day] = version
        return found

    def _of_window(self, asset: str) -> dict[str, Any]:
        found = {
            day: self._store.current(asset, f"{self.camera.id}/{day}")
            for day in self.days_behind_the_normal()
        }
        return {day: version for day, version in found.items() if version}

    def made_of(self, history: Mapping[str, Any], asset: str) -> dict[str, Path]:
        """Day -> folder of the label maps or frame index that its counts were made of.

        None for a single clip, which is calibrated where it is judged.
        """
        if self.camera.mode == "clip":
            return {}
        inputs = {day: self._store.provenance(version).inputs for day, version in history.items()}
        return {
            day: self._store.path(one)
            for day, behind in inputs.items()
            for one in behind
            if one.asset == asset
        }

    def days_behind(
        self,
        days: Sequence[str],
        counted: Mapping[str, Path],
        history: Mapping[str, Any],
        judged: Mapping[str, Any],
        marks: CameraMarks,
    ) -> dict[str, DayBehind]:
        """Days of the normal, to be held out of it in turn; none for a single clip."""
        labels, indexes = self.made_of(history, "label_maps"), self.made_of(history, "frame_index")
        alarms = marks.alarm_spans(days)
        return {
            day: DayBehind(
                index=indexes[day],
                labels=labels[day],
                counts=counted[day],
                alarms=alarms[day],
                judged=self._store.path(judged[day]) if day in judged else None,
            )
            for day in days
            if day in labels and day in indexes
        }

    @property
    def blocks_other_scenes(self) -> bool:
        """Whether a day of another scene than the learned one is not to be judged."""
        return self.camera.scene_changes == "block"


def _known_camera(folder: Path) -> Camera:
    try:
        return load_camera(folder)
    except (ValueError, FileNotFoundError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


@lru_cache(maxsize=1)
def load_segmenter(
    model_dir: Path, device: str, inference: InferenceConfig, exports: Path | None
) -> Segmenter:
    """The champion, loaded once per process."""
    from segmentation.predict import HumanSegmenter

    return HumanSegmenter(model_dir, device, inference=inference, cache=exports)
