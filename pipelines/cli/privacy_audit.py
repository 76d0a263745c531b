"""``learned-normal privacy audit``: what each filter gives away, as measured, or on your frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from pipelines.cli.home import HOME_OPTION, settings_of

if TYPE_CHECKING:
    from camera_analysis.audit.audit_table import AuditRow
    from camera_analysis.labelling.segmenter import Segmenter

_COLUMNS = (
    "method     strength  faces found  people linked  (by outline)  restored  seen"
    "   walks  off, px  segmenter (clear)  verdict"
)


@click.command()
@click.argument(
    "sequences",
    required=False,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option("--frames", default=20, show_default=True, help="Of each sequence.")
@click.option(
    "--fps",
    default=25.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Frames a second of folders of images; a video says its own.",
)
@click.option("--method", "methods", multiple=True, help="Only these, and a solid mask.")
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a trained model that looks for the hidden; default: the home's champion.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("privacy-audit"),
    show_default=True,
    help="Folder of the table and the plot of your own frames.",
)
@HOME_OPTION
def audit(
    sequences: Path | None,
    frames: int,
    fps: float,
    methods: tuple[str, ...],
    model: Path | None,
    output: Path,
    home: Path | None,
) -> None:
    """Say what each filter gives away of people, and what it leaves to be counted.

    Without SEQUENCES: the table by which private videos are checked. With a folder that holds two
    or more sequences of labelled frames (input/ or input.mp4, and groundtruth/, 255 for people):
    the same, measured on them.
    """
    from camera_analysis.audit.audit_table import AuditLimits, write_rows
    from camera_analysis.audit.measured_audit import measured

    if sequences is None:
        rows, about = measured()
        click.echo(about)
        _tell([row for row in rows if not methods or row.method in methods], rows)
        return
    from camera_analysis.audit.audit_pictures import save_audit

    try:
        with _segmenter_of(model, settings_of(home).home) as segmenter:
            found = _measured_on(sequences, frames, fps, methods, segmenter)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    output.mkdir(parents=True, exist_ok=True)
    write_rows(found, output / "privacy_audit.json", about=f"{frames} frames each of {sequences}")
    save_audit(found, AuditLimits(), output / "privacy_audit.png")
    _tell(found, found)
    click.echo(f"table and plot: {output}")


@contextmanager
def _segmenter_of(model: Path | None, home: Path) -> Iterator[Segmenter | None]:
    from pipelines.settings import load_settings
    from pipelines.shell.champion_segmenter import champion_segmenter

    if model is None:
        with champion_segmenter(load_settings(home)) as champion:
            yield champion
        return
    from segmentation.inference.inference_config import InferenceConfig
    from segmentation.inference.predict import HumanSegmenter

    yield HumanSegmenter(model, "cpu", inference=InferenceConfig())


def _measured_on(
    sequences: Path,
    frames: int,
    fps: float,
    methods: Sequence[str],
    segmenter: Segmenter | None,
) -> list[AuditRow]:
    from camera_analysis.audit.audit_frames import LabelledFootage, audit_frames, walk_frames
    from camera_analysis.audit.audit_table import CONTROL
    from camera_analysis.audit.privacy_audit import PrivacyAudit, cases
    from camera_analysis.benchmark.layouts.change_detection import load_labelled

    chosen = [one for one in cases() if not methods or one[0] in (*methods, CONTROL)]
    unknown = sorted(set(methods) - {name for name, _ in cases()})
    if unknown:
        raise ValueError(f"no filters that hide people: {', '.join(unknown)}; see privacy methods")
    loaded = load_labelled(sequences)
    for name, reason in loaded.left_out.items():
        click.echo(f"left out: {name}: {reason}", err=True)
    known = [LabelledFootage(one, fps) for one in loaded.sequences]
    labelled = [frame for footage in known for frame in audit_frames(footage, frames)]
    walks = [walk_frames(footage) for footage in known]
    privacy_audit = PrivacyAudit(labelled, segmenter, walks)
    return [privacy_audit.measure(*one) for one in tqdm(chosen, unit="methods")]


def _tell(rows: Sequence[AuditRow], all_rows: Sequence[AuditRow]) -> None:
    from camera_analysis.audit.audit_table import AuditLimits, verdict_at

    click.echo(_COLUMNS)
    for row in rows:
        verdict = verdict_at(all_rows, row.method, row.strength, AuditLimits())
        seen = "-" if row.seen is None else f"{100 * row.seen:.0f} %"
        walks = f"{row.walks_found}/{row.walks}" if row.walks else "not run"
        off = "-" if row.walk_error_px is None else f"{row.walk_error_px:.1f}"
        segmented = "not run"
        if row.segmenter_found is not None:
            segmented = f"{row.segmenter_found} ({row.segmenter_clear})"
        click.echo(
            f"{row.method:14}{row.strength:5g}{row.faces_found:7} of {row.faces_clear:<4}"
            f"{row.linked:7} of {row.probes:<6}{row.linked_control:10}"
            f"{row.similarity:10.2f}{seen:>8}{walks:>8}{off:>9}{segmented:>19}"
            f"  {'pass' if verdict.passed else 'FAIL'}"
        )
