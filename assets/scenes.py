"""Whether a camera still shows the scene that was learned; another one blocks its anomalies."""

from collections.abc import Iterator

import dagster as dg

from assets.camera_day import CameraDay
from assets.cameras import CAMERAS, DEFAULT_WINDOW_DAYS, STORE
from assets.checks import specs
from assets.partitions import CAMERA_DAY, window_of_preceding_days
from assets.publishing import RETRY, Event, publish
from camera_analysis.normal import scene_files
from camera_analysis.normal.scene_views import SceneLimits

#: One set of limits serves all cameras.
LIMITS = SceneLimits()


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=[
        dg.AssetDep(
            "activity_counts", partition_mapping=window_of_preceding_days(DEFAULT_WINDOW_DAYS)
        ),
        "label_maps",
    ],
    check_specs=specs("scene_change"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def scene_change(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """The day's view against those of the days before it: since when, and by how much it differs.

    It reads the small views that are stored with the counts, never a frame.
    """
    place = CameraDay(context, store, camera_setup)
    labels = place.need("label_maps")
    history = place.counted_days() if place.camera.mode == "history" else {}
    yield from publish(
        context,
        store,
        lambda out: scene_files.check_scene(
            place.day,
            store.path(labels) / "plate.png",
            {day: store.path(version) for day, version in history.items()},
            out,
            window_days=place.camera.window_days,
            limits=LIMITS,
        ),
        inputs=[labels, *history.values()],
        config={"limits": LIMITS, "window_days": place.camera.window_days},
    )
