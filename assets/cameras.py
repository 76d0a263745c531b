"""Footage of one camera to what is normal there, and what departs from it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import dagster as dg

from assets.camera_day import CameraDay
from assets.camera_marks import CameraMarks
from assets.checks import specs
from assets.models import RAY_GPU_STEP, champion_model
from assets.partitions import CAMERA_DAY, window_of_preceding_days
from assets.progress import log_progress
from assets.publishing import RETRY, Event, publish, publish_together
from assets.resources import CameraSetup, GpuGuard, VersionStore
from camera_analysis.channels.channel_history import write_scale
from camera_analysis.events import anomaly
from camera_analysis.events.class_history import write_class_scale
from camera_analysis.labelling import label_pass
from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.normal import day_counts, learned_normal
from camera_analysis.normal.scene_files import read_scene
from camera_analysis.reports import report
from camera_analysis.tracks.walks import write_window
from segmentation.inference.inference_config import InferenceConfig

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
            code_version="5",
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
    code_version="8",
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
            held_out = place.days_behind(summary.days, counted, history, judged, marks)
            with_channels = {day: held_out[day] for day in summary.channel_days if day in held_out}
            write_scale(with_channels, place.judging, out)
            write_class_scale(held_out, place.judging, out)
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
            "anomalies": place.judging,  # what would have been an event on these days
        },
    )


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=["frame_index", "label_maps", "scene_change", "trajectories", normal_of_window],
    check_specs=specs("anomalies"),
    code_version="11",
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
            config=place.judging,
            mode=place.camera.mode,
            trajectories=store.path(tracks) if tracks else None,
            scene_changed=place.blocks_other_scenes and read_scene(scene).is_changed,
            feedback=marks.feedback(place.day),
        ),
        inputs=[*inputs, *([tracks] if tracks else []), *marks.inputs],
        config={
            "anomalies": place.judging,
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
    code_version="10",
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
    wanted = place.camera.private_video  # where none is, there is only a note that says so
    if wanted and (video := place.current("private_video")):  # written last: of an earlier run
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


@lru_cache(maxsize=1)
def load_segmenter(
    model_dir: Path, device: str, inference: InferenceConfig, exports: Path | None
) -> Segmenter:
    """The champion, loaded once per process."""
    from segmentation.inference.predict import HumanSegmenter

    return HumanSegmenter(model_dir, device, inference=inference, cache=exports)
