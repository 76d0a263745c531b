"""The footage of a camera-day with people hidden, where its camera asks for it."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import dagster as dg

from assets.camera_day import CameraDay
from assets.cameras import CAMERAS, GPU, STORE, load_segmenter
from assets.checks import specs
from assets.models import RAY_GPU_STEP, champion_model
from assets.partitions import CAMERA_DAY
from assets.progress import log_progress
from assets.publishing import RETRY, Event, publish
from camera_analysis.privacy.private_day import forget_pictures, write_private_day

#: Every frame is decoded and encoded: what somebody waits for goes first.
LAST = {"dagster/priority": "-1"}


@dg.asset(
    group_name="cameras",
    partitions_def=CAMERA_DAY,
    deps=["frame_index", champion_model],
    check_specs=specs("private_video"),
    code_version="2",
    pool="gpu",
    op_tags={**RAY_GPU_STEP, **LAST},
    retry_policy=RETRY,
    kinds={"python"},
)
def private_video(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS, gpu: GPU
) -> Iterator[Event]:
    """H.264 of the day with people hidden; nothing but a note where no camera asks for it."""
    place = CameraDay(context, store, camera_setup)
    index = place.need("frame_index")
    wanted = place.camera.private_video
    champion = store.current("champion_model") if wanted else None
    with gpu.slot() if champion else nullcontext():

        def make(out: Path) -> object:
            segmenter = None
            if champion:
                exports = camera_setup.exports
                folder, inference = store.path(champion), camera_setup.inference
                segmenter = load_segmenter(folder, gpu.device, inference, exports)
            return write_private_day(
                place.camera,
                place.day,
                segmenter,
                out,
                config=camera_setup.passes,
                key=camera_setup.privacy_key() if wanted and wanted.reversible else None,
                progress=log_progress(context),
            )

        yield from publish(
            context,
            store,
            make,
            inputs=[index, champion] if champion else [index],
            config={"private_video": wanted, "pass": camera_setup.passes},
            forget=forget_pictures,
        )
