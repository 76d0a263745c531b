"""``learned-normal benchmark``: published footage with truth, scored beside the delta map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from camera_analysis.benchmark.layouts.change_detection import ChangeBenchmark
    from camera_analysis.benchmark.layouts.clips import AnomalyBenchmark
    from camera_analysis.labelling.segmenter import Segmenter

NO_MODEL = "movers alone: no segmenter was given (--model)"
NOT_ANOMALIES = "the truth says what moves, not what is abnormal"


def _checked_budget(context: click.Context, option: click.Parameter, per_hour: float) -> float:
    if not (math.isfinite(per_hour) and per_hour > 0):
        raise click.BadParameter(f"{per_hour:g} false alarms an hour; it must be positive, finite")
    return per_hour


@click.command()
@click.argument("layout")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for metrics.json, scores.parquet and pictures; made if absent.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a trained model that tells people from other movers.",
)
@click.option(
    "--budget",
    default=1.0,
    show_default=True,
    callback=_checked_budget,
    help="False alarms per camera-hour that thresholds are set for, on training footage; positive.",
)
def benchmark(layout: str, folder: Path, output: Path, model: Path | None, budget: float) -> None:
    """Score a benchmark in its published LAYOUT: ours, and the delta map beside it.

    Layouts: ucsd_ped1, ucsd_ped2, avenue, shanghaitech, street_scene, upcam, cdnet2014, sbi.
    One configuration serves all; nothing is fitted to test footage.
    """
    from camera_analysis.benchmark.layouts.clips import AnomalyBenchmark
    from camera_analysis.benchmark.layouts.registry import load_benchmark

    try:
        loaded = load_benchmark(layout, folder)
        segmenter = _segmenter(model)
        click.echo(f"judged by {_judged_by(model)}")
        _make_folder(output)
        if isinstance(loaded, AnomalyBenchmark):
            document = _anomalies(loaded, segmenter, output, budget, _judged_by(model))
        else:
            document = _changes(loaded, segmenter, output, _judged_by(model))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    _tell(document)
    click.echo(f"written to {output}")


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(
            f"{output} cannot be made: {error.strerror}; name a folder, or a place for one",
            param_hint="'--output'",
        ) from error


def _segmenter(model: Path | None) -> Segmenter | None:
    if model is None:
        return None
    from segmentation.inference.predict import HumanSegmenter

    return HumanSegmenter(model, "auto")


def _judged_by(model: Path | None) -> str:
    return NO_MODEL if model is None else f"movers and the model {model.name}"


def _anomalies(
    loaded: AnomalyBenchmark,
    segmenter: Segmenter | None,
    output: Path,
    budget: float,
    judged_by: str,
) -> dict[str, Any]:
    from camera_analysis.benchmark.benchmark_files import (
        write_metrics,
        write_pictures,
        write_scores,
    )
    from camera_analysis.benchmark.benchmark_run import BenchmarkConfig, run_benchmark, summary

    config = BenchmarkConfig(false_alarms_per_hour=budget)
    with _Bars() as bars:
        result = run_benchmark(loaded, segmenter, config=config, progress=bars.show)
    document = {
        "layout": loaded.layout,
        "judged_by": judged_by,
        "cameras": len(loaded.cameras),
        "training_clips": len(loaded.train),
        "test_clips": len(loaded.test),
        "test_frames": sum(clip.scores.size for clip in result.ours.clips),
        "abnormal_frames": sum(int(clip.abnormal.sum()) for clip in result.ours.clips),
        "truth_regions_from": loaded.regions_from or None,
        **summary(result),
    }
    write_metrics(document, output)
    write_scores(result, output)
    write_pictures(result, loaded.layout, output)
    return document


def _changes(
    loaded: ChangeBenchmark, segmenter: Segmenter | None, output: Path, judged_by: str
) -> dict[str, Any]:
    from camera_analysis.benchmark.benchmark_change import change_summary, run_change_benchmark
    from camera_analysis.benchmark.benchmark_files import write_change_picture, write_metrics
    from camera_analysis.benchmark.benchmark_scores import METRICS

    for name, reason in loaded.left_out.items():
        click.echo(f"left out: {name}: {reason}")
    with _Bars() as bars:
        found = run_change_benchmark(loaded, segmenter, progress=bars.show)
    reasons = dict.fromkeys(METRICS, NOT_ANOMALIES)
    methods = {
        name: {**dict.fromkeys(METRICS), "reasons": reasons, **figures}
        for name, figures in change_summary(found).items()
    }
    document = {"layout": loaded.layout, "judged_by": judged_by, **methods}
    if loaded.left_out:
        document["left_out"] = dict(loaded.left_out)
    write_metrics(document, output)
    write_change_picture(found, loaded.layout, output)
    return document


def _tell(document: dict[str, Any]) -> None:
    """One line per figure, ours beside the baseline."""
    from camera_analysis.benchmark.benchmark_scores import METRICS

    ours, delta = document["ours"], document["delta_map"]
    for metric in METRICS:
        if ours[metric] is None:
            click.echo(f"{metric:24} - ({ours['reasons'][metric]})")
        else:
            other = "-" if delta[metric] is None else f"{delta[metric]:.4f}"
            click.echo(f"{metric:24} {ours[metric]:.4f}   delta map {other}")
    if "events" in ours:
        click.echo(
            f"events found             {ours['events_found']} of {ours['events']} with "
            f"{ours['false_alarms']} false alarms in {ours['normal_hours']:.2f} normal hours"
        )
    for method in ("ours", "delta_map", "mog2", "knn"):
        if "change_detection" in document.get(method, {}):
            click.echo(f"F-measure, {method:12} {document[method]['change_detection']['F']:.4f}")


class _Bars:
    """One progress bar per stage, on the terminal's error stream."""

    def __enter__(self) -> _Bars:
        self._bar: Any = None
        self._what = ""
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, what: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if what != self._what:
            self.__exit__()
            self._bar, self._what = (
                tqdm(total=total, desc=what, unit="frames", mininterval=1.0),
                what,
            )
        self._bar.update(done - self._bar.n)
