"""Evidence at places becomes regions, regions become tracks, and tracks calm the scores.

A region is what lies around a peak of the map and reaches a share of it: no threshold decides its
outline, so every threshold can be tried afterwards. A peak that is joined to a higher one by such
places is a part of the other's slope. Regions of neighbouring frames whose boxes overlap are one
track; a region's score is the mean of its track's around it in time, with
zero where the track is not: a flash of one frame loses most of its score, a stay keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.regions import Box
from camera_analysis.labelling.time_smoothing import gaussian_mean

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class RegionConfig:
    """Which peaks are regions, and how long a moment lasts."""

    most_regions: int = 8  # of a frame: more movers than that rarely stand out at once
    least_evidence: float = 0.5  # nats: less is nothing to report
    # A mean over a window falls to half at a thing's outline; the widening of maps before they met
    # moves that outwards. Boxes fit best with this share, of those tried from 0.5 to 0.85.
    share_of_peak: float = 0.75
    reach_of_size: float = 0.3  # of a box's longer side: how far a thing moves between two frames
    smoothing_s: float = 0.4  # standard deviation; a step of a walker


@dataclass(frozen=True)
class FoundRegion:
    """One region: box in pixels of the original frame, evidence in nats."""

    box: Box
    evidence: float


def peak_regions(
    evidence_hw: FloatImage, cell_xy: tuple[float, float], config: RegionConfig
) -> list[FoundRegion]:
    """Regions of one frame, the highest first.

    Args:
        evidence_hw: (h, w) nats on the grid.
        cell_xy: original pixels per grid cell, along x and y.
        config: see there.
    """
    left = evidence_hw.copy()
    taken = np.zeros(evidence_hw.shape, bool)
    regions: list[FoundRegion] = []
    while len(regions) < config.most_regions:
        row, column = divmod(int(left.argmax()), left.shape[1])
        peak = float(left[row, column])
        if peak < config.least_evidence:
            break
        around = (evidence_hw >= config.share_of_peak * peak).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(around, connectivity=8)
        part = int(parts[row, column])
        inside = parts == part
        if not taken[inside].any():
            regions.append(FoundRegion(_box(stats[part], cell_xy), peak))
        taken |= inside
        left[inside] = 0.0
    return regions


def smoothed_regions(
    frames: Sequence[Sequence[FoundRegion]], fps: float, config: RegionConfig
) -> list[list[FoundRegion]]:
    """Regions of a clip with the scores of their tracks.

    Args:
        frames: regions of each frame, in the order of time.
        fps: frames per second.
        config: see there.
    """
    tracks = _linked(frames, config)
    sigma = config.smoothing_s * fps
    smooth: list[list[FoundRegion]] = [list(regions) for regions in frames]
    for track in tracks:
        first, last = track[0][0], track[-1][0]
        dense = np.zeros(last - first + 1)
        for frame, place in track:
            dense[frame - first] = frames[frame][place].evidence
        calm = gaussian_mean(dense, sigma, before=first, after=len(frames) - 1 - last)
        for frame, place in track:
            smooth[frame][place] = FoundRegion(frames[frame][place].box, float(calm[frame - first]))
    return smooth


def _box(stats: npt.NDArray[np.int32], cell_xy: tuple[float, float]) -> Box:
    """In pixels, of a component's left, top, width and height in places."""
    x, y, width, height = stats[:4].tolist()
    return Box(
        round(x * cell_xy[0]),
        round(y * cell_xy[1]),
        round((x + width) * cell_xy[0]),
        round((y + height) * cell_xy[1]),
    )


def _linked(
    frames: Sequence[Sequence[FoundRegion]], config: RegionConfig
) -> list[list[tuple[int, int]]]:
    """Tracks as lists of (frame, place in the frame); a track may miss one frame."""
    tracks: list[list[tuple[int, int]]] = []
    open_tracks: list[int] = []
    for number, regions in enumerate(frames):
        open_tracks = [t for t in open_tracks if tracks[t][-1][0] >= number - 2]
        taken: set[int] = set()
        for place, region in enumerate(regions):
            grown = region.box.grown(config.reach_of_size)
            best, most = -1, 0
            for track in open_tracks:
                frame, other = tracks[track][-1]
                common = frames[frame][other].box.grown(config.reach_of_size).common(grown)
                if frame < number and track not in taken and common > most:
                    best, most = track, common
            if best < 0:
                tracks.append([])
                best = len(tracks) - 1
                open_tracks.append(best)
            taken.add(best)
            tracks[best].append((number, place))
    return tracks
