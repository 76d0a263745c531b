"""Which regions of interest of a camera were occupied, when, and for how long."""

from collections.abc import Iterator

import dagster as dg

from assets.camera_day import CameraDay
from assets.cameras import CAMERAS, STORE
from assets.checks import specs
from assets.partitions import CAMERA_DAY
from assets.publishing import RETRY, Event, publish
from camera_analysis.occupancy.occupancy import find_occupancy


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=["frame_index", "label_maps", "regions"],
    check_specs=specs("occupancy"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def occupancy(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """Stays in each region by mask overlap, frames occupied, persons at once, hours."""
    place = CameraDay(context, store, camera_setup)
    index, labels = place.need("frame_index"), place.need("label_maps")
    regions = store.current("regions", labels.partition)  # None of a day labelled before
    camera = place.camera
    yield from publish(
        context,
        store,
        lambda out: find_occupancy(
            camera,
            place.day,
            store.path(index),
            store.path(labels),
            out,
            store.path(regions) if regions else None,
        ),
        inputs=[index, labels, *([regions] if regions else [])],
        config={"rois": camera.rois, "lens": camera.lens, "rule": camera.occupancy},
    )
