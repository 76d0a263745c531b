"""What a benchmark leaves behind: ``metrics.json``, ``scores.parquet`` and three pictures.

The same scores give the same bytes; no time and no path is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.benchmark.alarm_events import HOLD_S
from camera_analysis.benchmark.benchmark_change import METHODS, SequenceCounts
from camera_analysis.benchmark.benchmark_run import BenchmarkResult
from camera_analysis.benchmark.benchmark_scores import MethodScores
from camera_analysis.canvas import EVENT_RGB, FONT_POINTS, figure, save, unit

METRICS_FILE, SCORES_FILE = "metrics.json", "scores.parquet"
ROC_FILE, TIMELINE_FILE, DETECTION_FILE = "roc.png", "timeline.png", "detection.png"
CHANGE_FILE = "f_measure.png"
_OURS_RGB, _DELTA_RGB = (0.0, 0.45, 0.70), (0.55, 0.55, 0.55)
#: Points of a curve or a time line that a picture of 900 pixels can show.
_MOST_POINTS = 4_000


def write_metrics(document: Mapping[str, Any], out: Path) -> Path:
    """``metrics.json``, keys sorted."""
    path = out / METRICS_FILE
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def write_scores(result: BenchmarkResult, out: Path) -> Path:
    """``scores.parquet``: one row per test frame."""
    columns: dict[str, list[npt.NDArray[np.generic]]] = {}
    names: list[str] = []
    for number, (ours, delta) in enumerate(
        zip(result.ours.clips, result.delta_map.clips, strict=True)
    ):
        names += [ours.name] * ours.scores.size
        row = {
            "frame": np.arange(ours.scores.size, dtype=np.int32),
            "abnormal": ours.abnormal,
            "ours": ours.scores,
            "ours_alarm": ours.alarmed,
            "delta_map": delta.scores,
            "delta_map_alarm": delta.alarmed,
        }
        row |= {channel: result.channels[channel][number] for channel in result.channels}
        for name, values in row.items():
            columns.setdefault(name, []).append(values)
    table = pa.table(
        {"clip": pa.array(names, pa.string())}
        | {name: pa.array(np.concatenate(parts)) for name, parts in columns.items()}
    )
    path = out / SCORES_FILE
    pq.write_table(table, path, compression="zstd")
    return path


def write_pictures(result: BenchmarkResult, title: str, out: Path) -> tuple[Path, ...]:
    """ROC curves, scores over time, and found regions where the truth has regions."""
    paths = [_save_roc(result, title, out / ROC_FILE)]
    paths.append(_save_timeline(result, title, out / TIMELINE_FILE))
    detection = _save_detection(result, title, out / DETECTION_FILE)
    return (*paths, *([detection] if detection else []))


def write_change_picture(found: list[SequenceCounts], title: str, out: Path) -> Path:
    """F-measure of each sequence and method as bars."""
    sheet = figure(1.6 + 0.5 * len(found))
    axes = sheet.subplots()
    places = np.arange(len(found), dtype=float)
    shades = (_OURS_RGB, _DELTA_RGB, (0.9, 0.6, 0.0), (0.0, 0.6, 0.5))
    for number, (method, shade) in enumerate(zip(METHODS, shades, strict=True)):
        values = [100 * one.counts[method].figures()["F"] for one in found]
        axes.barh(places + 0.2 * number - 0.3, values, 0.2, color=shade, label=method)
    axes.set_yticks(places, [one.name for one in found])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("F-measure, %")
    axes.set_title(f"{title}: moving pixels")
    axes.legend(fontsize=FONT_POINTS, ncols=2, frameon=False)
    save(sheet, out / CHANGE_FILE)
    return out / CHANGE_FILE


def _save_roc(result: BenchmarkResult, title: str, path: Path) -> Path:
    sheet = figure(5.2)
    axes = sheet.subplots()
    for name, method, shade in _methods(result):
        x, y = _roc(method)
        area = method.document()["frame_auc_micro"]
        shown = "one kind of frame only" if area is None else f"{100 * area:.1f} %"
        axes.plot(100 * x, 100 * y, color=shade, label=f"{name}: {shown}")
    axes.set_xlabel("normal frames alarmed, %")
    axes.set_ylabel("abnormal frames found, %")
    axes.set_title(f"{title}: frames, area under the curve")
    axes.legend(fontsize=FONT_POINTS, loc="lower right", frameon=False)
    save(sheet, path)
    return path


def _roc(method: MethodScores) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    scores = np.concatenate([clip.scores for clip in method.clips])
    abnormal = np.concatenate([clip.abnormal for clip in method.clips])
    order = np.argsort(-scores, kind="stable")
    hits, misses = np.cumsum(abnormal[order]), np.cumsum(~abnormal[order])
    ends = np.append(np.diff(scores[order]) != 0, True)
    y = np.append(0.0, hits[ends] / max(1, abnormal.sum()))
    x = np.append(0.0, misses[ends] / max(1, (~abnormal).sum()))
    return _thinned(x), _thinned(y)


def _save_timeline(result: BenchmarkResult, title: str, path: Path) -> Path:
    sheet = figure(4.6)
    pair = sheet.subplots(2, 1, sharex=True)
    minutes, abnormal = _minutes(result.ours)
    for axes, (name, method, shade) in zip(pair, _methods(result), strict=True):
        scores = np.concatenate([clip.scores for clip in method.clips])
        held = np.concatenate([clip.held for clip in method.clips])
        axes.fill_between(
            _thinned(minutes), 0, 1, where=_thinned(abnormal) > 0, alpha=0.25, lw=0,
            color=unit(EVENT_RGB), transform=axes.get_xaxis_transform(), label="abnormal",
        )  # fmt: skip
        axes.plot(_thinned(minutes), _thinned(scores), color=shade, lw=0.8, alpha=0.4)
        axes.plot(_thinned(minutes), _thinned(held), color=shade, lw=1.2)
        if len({clip.threshold for clip in method.clips}) == 1:
            axes.axhline(method.clips[0].threshold, color="black", ls="--", lw=1.0)
        axes.set_ylabel(f"{name},\n{'nats' if name == 'ours' else 'share of pixels'}")
    pair[0].set_title(
        f"{title}: scores (pale), held for {HOLD_S:g} s (bold);\ntruth shaded, threshold dashed"
    )
    pair[1].set_xlabel("minutes of test footage, clips one after the other")
    save(sheet, path)
    return path


def _save_detection(result: BenchmarkResult, title: str, path: Path) -> Path | None:
    if result.ours.curve() is None:
        return None
    sheet = figure(5.2)
    axes = sheet.subplots()
    for name, method, shade in _methods(result):
        curve = method.curve()
        if curve is None:
            continue
        for what, values, style, area in (
            ("tracks", curve.tracks, "-", curve.tbdc),
            ("regions", curve.regions, "--", curve.rbdc),
        ):
            label = f"{name}, {what}: {100 * area:.1f} %"
            x = np.append(curve.false_per_frame, max(1.0, curve.false_per_frame[-1]))
            axes.plot(
                _thinned(x), _thinned(100 * np.append(values, values[-1])),
                color=shade, ls=style, label=label,
            )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_xlabel("false-positive regions per frame")
    axes.set_ylabel("found, %")
    axes.set_title(f"{title}: regions (RBDC) and tracks (TBDC)")
    axes.legend(fontsize=FONT_POINTS - 2, loc="lower right", frameon=False)
    save(sheet, path)
    return path


def _methods(
    result: BenchmarkResult,
) -> tuple[tuple[str, MethodScores, tuple[float, float, float]], ...]:
    return (
        ("ours", result.ours, _OURS_RGB),
        ("delta map", result.delta_map, _DELTA_RGB),
    )


def _minutes(
    method: MethodScores,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    steps = np.concatenate([np.full(clip.scores.size, 1 / clip.fps) for clip in method.clips])
    abnormal = np.concatenate([clip.abnormal for clip in method.clips])
    return np.cumsum(steps) / 60, abnormal.astype(np.float64)


def _thinned(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Evenly picked points, the first and the last included."""
    if values.size <= _MOST_POINTS:
        return values
    picked = np.linspace(0, values.size - 1, _MOST_POINTS).round().astype(int)
    return np.asarray(values[picked], np.float64)
