"""Frames of a pass become label maps, codes and regions: in batches, written in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from camera_analysis.camera import Camera
from camera_analysis.footage.day_footage import DaySample
from camera_analysis.labelling.code_tables import CodedFrame
from camera_analysis.labelling.day_codes import DayCoder
from camera_analysis.labelling.day_regions import (
    DayRegion,
    FrameRegions,
    RegionWriter,
    regions_of,
    with_classes_of,
)
from camera_analysis.labelling.label_fusion import FusionConfig, label_frame
from camera_analysis.labelling.labels import LabelWriter
from camera_analysis.labelling.motion import MotionConfig
from camera_analysis.labelling.pass_notes import PassNotes
from camera_analysis.labelling.region_motion import with_motion
from camera_analysis.labelling.segmenter import FollowingSegmenter, Segmenter


@dataclass(frozen=True)
class PassTables:
    """What a labelled frame is written to."""

    labels: LabelWriter
    codes: DayCoder
    regions: RegionWriter | None


class FrameLabeller:
    """Labels usable frames in batches and writes them in order.

    Args:
        camera: whose frames they are.
        segmenter: None labels everything that moves as an other mover.
        tables: where they go.
        notes: what the pass remembers of its frames.
        batch: samples given to the segmenter at once.
        motion: thresholds of motion.
        fusion: weights of network and motion.
    """

    def __init__(
        self,
        camera: Camera,
        segmenter: Segmenter | None,
        tables: PassTables,
        notes: PassNotes,
        *,
        batch: int,
        motion: MotionConfig,
        fusion: FusionConfig,
    ) -> None:
        self._camera = camera
        self._segmenter = FollowingSegmenter(segmenter, camera.interval_s)
        self._batch_size = batch
        self._motion = motion
        self._fusion = fusion
        self._tables = tables
        self._notes = notes
        self._batch: list[tuple[int, DaySample]] = []
        self._between: dict[int, list[FrameRegions]] = {}  # by the sample before them

    def add(self, frame_id: int, sample: DaySample) -> None:
        """The next usable sample."""
        if not self._segmenter.goes_on(sample.time_utc):
            self.finish()
            self._segmenter.forget()
        if len(self._batch) >= self._batch_size:
            self.finish()
        self._batch.append((frame_id, sample))

    def add_between(self, sample: DaySample) -> None:
        """A frame after the last sample and before the next: only what moves in it is kept."""
        labels_hw = label_frame(
            sample.frame_rgb,
            sample.view.plate,
            None,
            None,
            motion=self._motion,
            fusion=self._fusion,
        )
        found = tuple(regions_of(labels_hw))
        frame = FrameRegions(time_utc=sample.time_utc, frame_id=None, regions=found)
        self._between.setdefault(self._batch[-1][0], []).append(frame)

    def finish(self) -> None:
        """Label what waits for its batch to fill."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        answers = self._segmenter.answers([sample.frame_rgb for _, sample in batch])
        for (frame_id, sample), human_hw in zip(batch, answers, strict=True):
            labels_hw = label_frame(
                sample.frame_rgb,
                sample.view.plate,
                human_hw,
                self._segmenter.plate_answer(sample.view),
                motion=self._motion,
                fusion=self._fusion,
            )
            self._tables.labels.add(frame_id, labels_hw)
            codes = self._tables.codes.add(frame_id, sample, labels_hw)
            self._add_regions(frame_id, sample, regions_of(labels_hw, human_hw), codes)
            time_local = sample.time_utc.astimezone(self._camera.zone)
            self._notes.add_map(time_local, labels_hw)

    def _add_regions(
        self, frame_id: int, sample: DaySample, found: Sequence[DayRegion], codes: CodedFrame
    ) -> None:
        """Write the regions of a sample, then those of the frames between it and the next."""
        writer, between = self._tables.regions, self._between.pop(frame_id, [])
        if writer is None:
            return
        moved = with_motion(found, codes, self._tables.codes.meta)
        writer.add(FrameRegions(time_utc=sample.time_utc, frame_id=frame_id, regions=moved))
        for frame in between:
            regions = with_classes_of(frame.regions, moved)
            writer.add(replace(frame, regions=regions))
