"""Sampled frames of one piece of footage, be it a video file or a run of images."""

from __future__ import annotations

from collections.abc import Iterator

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.image_samples import probe_images, sample_images
from camera_analysis.footage.sampled_frame import Fault, SampledFrame, VideoInfo
from camera_analysis.footage.video import probe, read_samples
from camera_analysis.footage.video_file import ReadConfig


def probe_footage(file: FootageFile, *, config: ReadConfig) -> VideoInfo:
    """What is known of it without reading it all.

    Raises:
        VideoError: it cannot be read at all.
    """
    if file.images is None:
        return probe(file.path, config=config)
    return probe_images(file.images, config=config)


def sample_footage(
    file: FootageFile, interval_s: float, *, config: ReadConfig
) -> Iterator[SampledFrame | Fault]:
    """Its frames, one per interval, in strictly increasing time; and its faults."""
    if file.images is None:
        return read_samples(file.path, interval_s, config=config)
    return sample_images(file.images, interval_s, config=config)
