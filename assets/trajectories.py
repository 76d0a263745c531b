"""Who went where: tracks of a camera-day, the ways they took, where they came in and went out."""

from collections.abc import Iterator

import dagster as dg

from assets.camera_day import CameraDay
from assets.cameras import CAMERAS, STORE
from assets.checks import specs
from assets.partitions import CAMERA_DAY
from assets.publishing import RETRY, Event, publish
from camera_analysis.tracks.trajectories import make_trajectories


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    # The day before is read where there is one, and no dependency: a day need not wait for it.
    deps=["regions", "label_maps"],
    check_specs=specs("trajectories"),
    code_version="3",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def trajectories(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """Tracks, average paths, entry and exit zones; read from regions, never from frames."""
    place = CameraDay(context, store, camera_setup)
    regions, labels = place.need("regions"), place.need("label_maps")
    before = place.of_day_before("trajectories")
    rule, title = place.camera.tracking, place.title
    yield from publish(
        context,
        store,
        lambda out: make_trajectories(
            store.path(regions),
            out,
            day=place.day,
            title=title,
            rule=rule,
            plate=store.path(labels) / "plate.png",
            before=store.path(before) if before else None,
        ),
        inputs=[regions, labels, *([before] if before else [])],
        config={"tracking": rule},
    )
