"""One kept and one removed sample for every reason code, drawn, and judged by the real code.

`python -m pipelines.synthetic.rule_examples docs/pictures/rules` draws the pictures of
docs/cleaning_rules.md. Each example is a source of a few samples in the layout of VOC; scan, merge,
cleaning and split decide what becomes of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
import cv2
import numpy as np
import pyarrow as pa

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.cleaning import REVIEW_REJECT, clean
from dataset_build.ledger.decisions import REJECT, Decision, write_decisions
from dataset_build.ledger.fates import REMOVED
from dataset_build.ledger.ledger import read_ledger
from dataset_build.ledger.merging import merge_sources
from dataset_build.ledger.rules import measurements, removal_codes
from dataset_build.ledger.splits import NEGATIVE_SURPLUS, split_dataset
from dataset_build.ledger.unconfirmed import UNCONFIRMED
from dataset_build.scan.scan import scan_source
from dataset_build.sources.custom_sources import CustomSource
from dataset_build.sources.faults import RejectReason
from pipelines.synthetic.faults import KINDS, LISTED_KINDS, Case
from pipelines.synthetic.layouts import JPEG_QUALITY, PERSON_ID, Layout, class_ids, write_jpeg
from pipelines.synthetic.rule_pictures import Panel, draw_pair
from pipelines.synthetic.samples import draw_sample

SOURCE = "voc"
#: Seeds of a shop with three whole persons, and of a street, each seen from above.
SHOP, STREET = 9, 29
#: Everything is trained on, so that the one split shows which negatives are left over.
CONFIG = DatasetConfig(val_share=0.0, test_share=0.0)
EVERY_RULE = replace(CONFIG, cleaning=CleaningRules(disabled=()))
_VOID, _GRAIN = 255, 6.0
#: The same folders as a source of one's own, some of whose masks are drafts.
OWN_SOURCE = "door-frames"
OWN = CustomSource(
    images="VOCdevkit/VOC2012/JPEGImages",
    masks="VOCdevkit/VOC2012/SegmentationClass",
    drafts="drafts",
    human=(PERSON_ID[SOURCE],),
    ignore=(_VOID,),
)
WITH_DRAFTS = replace(CONFIG, custom_sources={OWN_SOURCE: OWN})

Spoil = Callable[[Case], None]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An example after the real code has judged it.

    Args:
        code: the reason code that it is an example of.
        kept: ledger row of the sample that stays.
        removed: ledger row of the one that goes.
        picture: both side by side, (H, W, 3) RGB.
    """

    code: str
    kept: dict[str, object]
    removed: dict[str, object]
    picture: np.ndarray


def documented_codes() -> tuple[str, ...]:
    """Every reason code that a dataset build can write, in the order of the stages."""
    decided = (REVIEW_REJECT, UNCONFIRMED)
    return (*map(str, RejectReason), *decided, *removal_codes(), NEGATIVE_SURPLUS)


def make_example(code: str, folder: Path) -> Shown:
    """Draw the samples of a code, let them be judged, show one of each fate.

    Args:
        code: one of ``documented_codes``.
        folder: empty; holds the source and the ledgers afterwards.
    """
    layout = Layout(folder / "source", SOURCE)
    config = {"not_surveillance_like": EVERY_RULE, UNCONFIRMED: WITH_DRAFTS}.get(code, CONFIG)
    draw = {
        NEGATIVE_SURPLUS: _negatives,
        REVIEW_REJECT: _two_places,
        UNCONFIRMED: _one_draft,
    }.get(code, _spoilt)
    draw(layout, code)
    layout.finish()
    table = _judged(folder, config, rejects=code == REVIEW_REJECT)
    values = measurements(table)
    rows = table.to_pylist()
    removed = next(row for row in reversed(rows) if row["fate"] == REMOVED)
    like = [row for row in rows if row["fate"] != REMOVED and _comparable(row, removed)]
    kept = like[-1]
    quantity = str(removed["measured"]).split(" ", 1)[0]
    beside = f"{quantity} {values[quantity][rows.index(kept)]:.4g}" if quantity in values else ""
    picture = draw_pair(
        Panel.read(layout.root, kept, title="kept", text=beside),
        Panel.read(layout.root, removed, title=f"removed: {code}", text=str(removed["measured"])),
    )
    return Shown(code=code, kept=kept, removed=removed, picture=picture)


def _comparable(row: dict[str, object], removed: dict[str, object]) -> bool:
    """A surplus negative is shown beside a negative."""
    return removed["reason"] != NEGATIVE_SURPLUS or not row["human_px"]


def _judged(folder: Path, config: DatasetConfig, *, rejects: bool) -> pa.Table:
    """The ledger after every stage."""
    out = {
        stage: folder / stage for stage in ("samples", "merged", "decisions", "cleaned", "split")
    }
    for path in out.values():
        path.mkdir()
    source = OWN_SOURCE if config.custom_sources else SOURCE
    scan_source(source, folder / "source", out["samples"], out["samples"], config=config)
    merge_sources({source: out["samples"]}, out["merged"])
    decisions = None
    if rejects:
        image = read_ledger(out["merged"])["image_sha256"].to_pylist()[-1]
        decisions = write_decisions([_rejected(image)], out["decisions"]).path
    clean(out["merged"], out["cleaned"], config=config, decisions=decisions)
    split_dataset(out["cleaned"], out["split"], config=config)
    return read_ledger(out["split"])


def _rejected(image_sha256: str) -> Decision:
    return Decision(
        image_sha256=image_sha256,
        decision=REJECT,
        tags=(REJECT,),
        decided_by="a reviewer",
        decided_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def _spoilt(layout: Layout, code: str) -> None:
    """The same sample twice, the second with the fault."""
    _case(layout, 0, SHOP).write()
    _SPOIL[code](_case(layout, 1, SHOP))


def _two_places(layout: Layout, code: str) -> None:
    _case(layout, 0, SHOP).write()
    _case(layout, 1, STREET).write()


def _one_draft(layout: Layout, code: str) -> None:
    """Two places; the mask of the second is a draft."""
    _two_places(layout, code)
    mask = layout.mask_path(1, "train")
    drafts = layout.root / OWN.drafts
    drafts.mkdir()
    mask.rename(drafts / mask.name)


def _negatives(layout: Layout, code: str) -> None:
    """Four with people want one without; three are there."""
    for index in range(4):
        _case(layout, index, SHOP + index).write()
    for index in range(4, 7):
        _case(layout, index, index, with_people=False).write()


def _case(layout: Layout, index: int, seed: int, *, with_people: bool = True) -> Case:
    """A drawn sample, listed in the source and not yet written."""
    drawn = draw_sample(np.random.default_rng([seed]), with_people=with_people)
    ids = class_ids(layout.name, drawn, np.random.default_rng([seed, 1]))
    layout.add(index, "train")
    return Case(
        layout.name,
        layout.image_path(index, "train"),
        layout.mask_path(index, "train"),
        drawn.rgb,
        ids,
    )


def _sliver(case: Case) -> None:
    """Of a person only a few pixels are left, as of a hand at the border."""
    case.ids[:] = 0
    case.ids[150:163, 60:62] = PERSON_ID[case.name]
    case.write()


def _small(case: Case) -> None:
    case.rgb = cv2.resize(case.rgb, (80, 60), interpolation=cv2.INTER_AREA)
    case.ids = cv2.resize(case.ids, (80, 60), interpolation=cv2.INTER_NEAREST)
    case.write()


def _bright(case: Case) -> None:
    case.rgb = (255 - (255 - case.rgb) * 0.06).astype(np.uint8)
    case.write()


def _fog(case: Case) -> None:
    case.rgb = (150 + case.rgb * 0.03).astype(np.uint8)
    case.write()


def _blurred(case: Case) -> None:
    case.rgb = cv2.GaussianBlur(case.rgb, (0, 0), 6.0)
    case.write()


def _mostly_ignored(case: Case) -> None:
    _, _, width, height = _largest_person(case)
    labelled = np.zeros(case.ids.shape, np.bool_)
    x, y = _largest_person(case)[:2]
    labelled[y : y + height, x : x + width] = True
    case.ids[~labelled] = _VOID
    case.write()


def _zoomed(case: Case, *, left: float, top: float, right: float, bottom: float) -> None:
    """What a lens that frames the largest person would see; fractions of the person's box."""
    x, y, width, height = _largest_person(case)
    tall, wide = case.ids.shape
    rows = slice(max(round(y + top * height), 0), min(round(y + bottom * height), tall))
    columns = slice(max(round(x + left * width), 0), min(round(x + right * width), wide))
    shape = case.ids[rows, columns].shape
    scale = 240 / max(shape)
    size = (round(shape[1] * scale), round(shape[0] * scale))
    rgb = cv2.resize(case.rgb[rows, columns], size, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0.0, _GRAIN, rgb.shape)
    case.rgb = np.clip(rgb + grain, 0, 255).astype(np.uint8)
    case.ids = cv2.resize(case.ids[rows, columns], size, interpolation=cv2.INTER_NEAREST)


def _frame_filling(case: Case) -> None:
    _zoomed(case, left=0.35, top=0.3, right=0.65, bottom=0.5)
    case.ids[case.ids == _VOID] = PERSON_ID[case.name]
    case.write()


def _portrait(case: Case) -> None:
    _zoomed(case, left=-0.15, top=-0.04, right=1.15, bottom=0.6)
    case.write()


def _largest_person(case: Case) -> tuple[int, int, int, int]:
    """x, y, width, height."""
    human = (case.ids == PERSON_ID[case.name]).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(human)[2][1:]
    x, y, width, height = stats[stats[:, cv2.CC_STAT_AREA].argmax()][: cv2.CC_STAT_AREA].tolist()
    return x, y, width, height


def _again(case: Case) -> None:
    case.write()


def _smaller_copy(case: Case) -> None:
    """The same picture at nine tenths of the size, compressed more."""
    size = (round(case.ids.shape[1] * 0.9), round(case.ids.shape[0] * 0.9))
    case.ids = cv2.resize(case.ids, size, interpolation=cv2.INTER_NEAREST)
    case.rgb = cv2.resize(case.rgb, size, interpolation=cv2.INTER_AREA)
    case.write()
    write_jpeg(case.image_path, case.rgb, JPEG_QUALITY - 30)


_SPOIL: dict[str, Spoil] = {
    **{kind.code: kind.spoil for kind in (*KINDS, *LISTED_KINDS)},
    "image_small": _small,
    "image_bright": _bright,
    "image_low_information": _fog,
    "image_blurred": _blurred,
    "mask_sliver": _sliver,
    "mask_mostly_ignored": _mostly_ignored,
    "mask_frame_filling": _frame_filling,
    "not_surveillance_like": _portrait,
    "duplicate_exact": _again,
    "duplicate_near": _smaller_copy,
}


def draw_all(out: Path, codes: Sequence[str]) -> None:
    """Write ``<code>.jpg`` for every code."""
    out.mkdir(parents=True, exist_ok=True)
    for code in codes:
        with tempfile.TemporaryDirectory() as folder:
            shown = make_example(code, Path(folder))
        write_jpeg(out / f"{code}.jpg", shown.picture, quality=78)
        click.echo(f"{code}: {shown.removed['reason']} ({shown.removed['measured']})")


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
def main(out: Path) -> None:
    """Draw the pictures of docs/cleaning_rules.md into OUT."""
    draw_all(out, documented_codes())


if __name__ == "__main__":
    main()
