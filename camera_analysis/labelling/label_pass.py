"""One streaming pass over a camera-day: frame index, faults, label maps, pictures.

Each file is read twice: sparsely for its background plate, then at the camera's interval, and at
its tracking rate where regions are asked for. Nothing is kept per frame but a few numbers, so
memory does not grow with the length of the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from camera_analysis.camera import Camera
from camera_analysis.channels.channel_codes import CodeConfig
from camera_analysis.footage.day_footage import CAMERA_MOVED, DayReader, DaySample
from camera_analysis.footage.footage_files import file_before, files_of_day, find_footage
from camera_analysis.footage.read_ahead import read_ahead
from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.labelling.code_tables import DAY_CODES
from camera_analysis.labelling.day_codes import DayCoder
from camera_analysis.labelling.day_regions import (
    RegionsMeta,
    RegionsSummary,
    RegionWriter,
    write_regions_meta,
)
from camera_analysis.labelling.frame_labeller import FrameLabeller, PassTables
from camera_analysis.labelling.frame_quality import FrameQuality, QualityLimits, QualityMeter
from camera_analysis.labelling.label_fusion import FusionConfig
from camera_analysis.labelling.label_pictures import (
    save_plate,
    save_preview,
    save_quality,
)
from camera_analysis.labelling.labels import (
    FootageFault,
    FrameRow,
    FrameWriter,
    LabelsMeta,
    LabelWriter,
    write_faults,
    write_labels_meta,
)
from camera_analysis.labelling.motion import MotionConfig
from camera_analysis.labelling.pass_notes import PassNotes
from camera_analysis.labelling.plates import View, to_grey
from camera_analysis.labelling.registration import edges_of
from camera_analysis.labelling.segmenter import Segmenter, version_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class PassConfig:
    """Settings of a pass."""

    decoded_ahead: int = 16  # two batches, 11 MB at 640x360: the decoder need not wait for one
    batch: int = 8  # frames given to the segmenter at once; 8 fills a CPU's caches and a small GPU
    quality: QualityLimits = field(default_factory=QualityLimits)  # see there
    motion: MotionConfig = field(default_factory=MotionConfig)  # see there
    fusion: FusionConfig = field(default_factory=FusionConfig)  # see there
    codes: CodeConfig = DAY_CODES  # see there

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"batch is {self.batch}; expected 1 or more frames")
        if self.decoded_ahead < 1:
            raise ValueError(f"decoded_ahead is {self.decoded_ahead}; expected 1 or more frames")


@dataclass(frozen=True, kw_only=True)
class PassSummary:
    """What a pass made.

    Attributes:
        frames: sampled frames.
        usable: those with a label map.
        unusable: (reason, frames) for each reason that occurred.
        faults: (reason, rows) for each kind of fault.
        height: of the label maps; 0 if no frame could be read.
        width: of the label maps.
        segmenter: its version, or "none".
        quality_png: strip plot of the measures.
        preview_png: contact sheet of label maps.
        plate_png: background plate; None if no frame could be read.
        regions: what moved; None if it was not asked for.
    """

    frames: int
    usable: int
    unusable: tuple[tuple[str, int], ...]
    faults: tuple[tuple[str, int], ...]
    height: int
    width: int
    segmenter: str
    quality_png: Path
    preview_png: Path
    plate_png: Path | None
    regions: RegionsSummary | None = None


def process_day(
    camera: Camera,
    day: str,
    segmenter: Segmenter | None,
    index_out: Path,
    labels_out: Path,
    *,
    regions_out: Path | None = None,
    config: PassConfig | None = None,
    progress: Progress | None = None,
) -> PassSummary:
    """Sample, judge and label the frames of one local day.

    Args:
        camera: whose footage.
        day: "YYYY-MM-DD" in the camera's time zone.
        segmenter: None labels everything that moves as an other mover.
        index_out: existing directory for frames.parquet, faults.parquet and quality.png.
        labels_out: existing directory for labels.parquet, labels.json, codes.parquet, codes.json,
            plate.png and preview.png.
        regions_out: existing directory for regions.parquet and regions.json; without one, no frame
            between the samples is read. Between them the network is not asked: what moves there has
            the class that it had in the sample before.
        config: thresholds; those of the camera, if it states any, win.
        progress: called with samples done and samples expected.

    Raises:
        ValueError: the camera has no footage on that day.
    """
    config = config or PassConfig()
    footage = find_footage(camera)
    files = files_of_day(camera, footage, day)
    limits = camera.quality or config.quality
    step_s = camera.tracking_step_s or camera.interval_s
    between_s = step_s if regions_out and step_s < camera.interval_s else None
    reader = DayReader(
        camera,
        files,
        motion=config.motion,
        limits=limits,
        pairs=True,
        between_s=between_s,
        before=file_before(footage, files[0]),
    )
    faults = list(footage.faults)
    notes = PassNotes(files[0].start_utc, reader.end_utc)
    with (
        FrameWriter(index_out) as frames,
        LabelWriter(labels_out) as labels,
        DayCoder(labels_out, camera.interval_s, config.codes, tones=camera.tones) as codes,
        RegionWriter(regions_out) if regions_out else nullcontext() as regions,
    ):
        labeller = FrameLabeller(
            camera,
            segmenter,
            PassTables(labels, codes, regions),
            notes,
            batch=config.batch,
            motion=config.motion,
            fusion=config.fusion,
        )
        meter = QualityMeter(limits)
        usable = False
        for item in read_ahead(reader.read, config.decoded_ahead):
            if isinstance(item, FootageFault):
                faults.append(_since_it_shows(item, notes))
                continue
            if item.between:
                if usable:  # as usable as the sample before it
                    labeller.add_between(item)
                continue
            quality = _measure(meter, item, files[0].start_utc)
            row = _row(camera, notes.frames, item, quality, limits)
            frames.add(row)
            notes.add(row)
            usable = row.usable
            if row.usable:
                labeller.add(row.frame_id, item)
            if progress:
                progress(notes.frames, max(notes.frames, reader.expected_samples))
        labeller.finish()
    write_faults(faults, index_out)
    summary = _finish(camera, day, reader.view, segmenter, faults, notes, index_out, labels_out)
    if regions is None or regions_out is None:
        return summary
    step_s = regions.step_s(step_s)
    _describe_regions(summary, reader.view, step_s, regions_out)
    return replace(summary, regions=regions.summary(step_s))


def _since_it_shows(fault: FootageFault, notes: PassNotes) -> FootageFault:
    """A file whose view is another one is faulty from the first frame that shows it."""
    if fault.reason != CAMERA_MOVED or fault.start_utc is None:
        return fault
    return replace(fault, start_utc=notes.first("moved", fault.start_utc) or fault.start_utc)


def _describe_regions(summary: PassSummary, view: View | None, step_s: float, out: Path) -> None:
    meta = RegionsMeta(
        classes=CLASS_NAMES,
        height=summary.height,
        width=summary.width,
        native_wh=view.native_wh if view else (0, 0),
        step_s=step_s,
        segmenter=summary.segmenter,
    )
    write_regions_meta(meta, out)


def _measure(meter: QualityMeter, sample: DaySample, day_start: datetime) -> FrameQuality:
    grey = to_grey(sample.frame_rgb)
    since_s = (sample.time_utc - day_start).total_seconds()
    return meter.measure(grey, edges_of(grey), since_s, sample.view.quality)


def _row(
    camera: Camera, frame_id: int, sample: DaySample, quality: FrameQuality, limits: QualityLimits
) -> FrameRow:
    reason = quality.reason(limits)
    height, width = sample.frame_rgb.shape[:2]
    return FrameRow(
        frame_id=frame_id,
        time_utc=sample.time_utc,
        local_hour=sample.time_utc.astimezone(camera.zone).hour,
        file=sample.file,
        pts_s=sample.pts_s,
        height=height,
        width=width,
        luma_mean=quality.luma_mean,
        sharpness=quality.sharpness,
        sharpness_share=quality.sharpness_share,
        textured_share=quality.textured_share,
        repeated_rows=quality.repeated_rows,
        still_share=quality.still_share,
        still_s=quality.still_s,
        # Rounded to what they can tell, so that the last bit of a sum is no other version.
        shift_px=round(quality.shift.shift_px, 2),
        rotation_deg=round(quality.shift.rotation_deg, 2),
        view_match=round(quality.shift.match, 4),
        timing=sample.timing,
        usable=not reason,
        reason=reason,
    )


def _finish(
    camera: Camera,
    day: str,
    view: View | None,
    segmenter: Segmenter | None,
    faults: Sequence[FootageFault],
    notes: PassNotes,
    index_out: Path,
    labels_out: Path,
) -> PassSummary:
    """Write the pictures and labels.json."""
    version = version_of(segmenter)
    height, width = view.grey.shape if view else (0, 0)
    meta = LabelsMeta(
        classes=CLASS_NAMES,
        height=height,
        width=width,
        segmenter=version,
        native_wh=view.native_wh if view else None,
    )
    write_labels_meta(meta, labels_out)
    counts = notes.reason_counts()
    title = camera.titled(day)
    quality_png, preview_png = index_out / "quality.png", labels_out / "preview.png"
    usable = f"{counts['']} of {notes.frames} frames usable"
    save_quality(notes.series(), camera.zone, f"{title}: {usable}", quality_png)
    busiest = f"{title}: label maps, the busiest of each part"
    save_preview(notes.maps(), CLASS_NAMES, busiest, preview_png)
    plate_png = labels_out / "plate.png" if view else None
    if view and plate_png:
        save_plate(view.plate.rgb, camera.plate, plate_png)
    return PassSummary(
        frames=notes.frames,
        usable=counts.pop("", 0),
        unusable=tuple(sorted(counts.items())),
        faults=tuple(sorted(Counter(fault.reason for fault in faults).items())),
        height=height,
        width=width,
        segmenter=version,
        quality_png=quality_png,
        preview_png=preview_png,
        plate_png=plate_png,
    )
