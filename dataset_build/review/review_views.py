"""How FiftyOne shows the queue: its fields, its colours, and one saved view per kind."""

from __future__ import annotations

from typing import Any

from dataset_build.ledger.decisions import DECIDED
from dataset_build.review.review_candidates import (
    AUDIT,
    CLOSE_CALL,
    FAULT,
    MISTAKEN,
    PAIR,
    UNCONFIRMED_MASK,
)
from dataset_build.sources.mask_pictures import HUMAN_GREY, IGNORE_GREY

#: The view that the reviewer starts with.
QUEUE_VIEW = "queue"
#: Kind -> name of its saved view, and what to do there.
KIND_VIEWS = {
    UNCONFIRMED_MASK: ("not yet reviewed", "The mask is a draft: relabel, keep or reject"),
    MISTAKEN: ("mistaken", "Model and mask disagree: relabel, reject or keep"),
    PAIR: ("near duplicates", "What stays beside what was removed: keep what is not the same"),
    FAULT: ("faults", "Removed by a rule: keep what should stay"),
    CLOSE_CALL: ("close calls", "Kept by a narrow margin: reject what is bad"),
    AUDIT: ("random audit", "Drawn at random: is the mask right?"),
}
DECIDED_VIEW = "decided"
#: Of the regions: the mask in the dataset, and what the model sees.
_COLOURS = {
    "ground_truth": {HUMAN_GREY: "#D55E00", IGNORE_GREY: "#56B4E9"},
    "prediction": {HUMAN_GREY: "#009E73"},
}
#: What the champion does worst; in the queue or not.
WORST_VIEW = "worst of champion"
_TEXTS = ("key", "sample_id", "source", "kind", "pair", "why", "champion")
_FLOATS = ("priority", "champion_iou")
_WHOLE = ("place", "champion_place")
_SHOWN = ["ground_truth", "prediction", "tags", "kind", "pair", "why", "champion_iou", "champion"]


def open_dataset(fiftyone: Any, name: str) -> Any:  # noqa: ANN401 - untyped library
    """The persistent dataset of the review, made or brought up to date."""
    there = fiftyone.dataset_exists(name)
    dataset = fiftyone.load_dataset(name) if there else fiftyone.Dataset(name, persistent=True)
    schema = dataset.get_field_schema()
    kinds = {fiftyone.StringField: _TEXTS, fiftyone.FloatField: _FLOATS, fiftyone.IntField: _WHOLE}
    for kind, fields in kinds.items():
        for field in sorted(set(fields) - schema.keys()):
            dataset.add_sample_field(field, kind)
    for field in sorted(_COLOURS.keys() - schema.keys()):
        dataset.add_sample_field(
            field, fiftyone.EmbeddedDocumentField, embedded_doc_type=fiftyone.Segmentation
        )
    if not there:
        dataset.create_index("key", unique=True)
    _show(fiftyone, dataset)
    return dataset


def _show(fiftyone: Any, dataset: Any) -> None:  # noqa: ANN401 - untyped library
    names = {HUMAN_GREY: "human", IGNORE_GREY: "ignored"}
    dataset.mask_targets = dict.fromkeys(_COLOURS, names)
    config = dataset.app_config
    config.active_fields = fiftyone.core.odm.dataset.ActiveFields(
        paths=_SHOWN  # masks on disk are hidden otherwise
    )
    config.color_scheme = fiftyone.ColorScheme(
        color_by="value",  # else human and ignored share the field's one colour
        fields=[
            {
                "path": field,
                "maskTargetsColors": [
                    {"intTarget": grey, "color": colour} for grey, colour in colours.items()
                ],
            }
            for field, colours in _COLOURS.items()
        ],
    )
    dataset.save()


def save_views(fiftyone: Any, dataset: Any) -> None:  # noqa: ANN401 - untyped library
    """The whole queue in its order, one view per kind, and what was decided."""
    kind = fiftyone.ViewField("kind")
    queue = dataset.match(kind.is_in(list(KIND_VIEWS))).sort_by("place")
    dataset.save_view(QUEUE_VIEW, queue, description="Most urgent first", overwrite=True)
    for wanted, (name, what) in KIND_VIEWS.items():
        view = dataset.match(kind == wanted).sort_by("place")
        dataset.save_view(name, view, description=what, overwrite=True)
    decided = dataset.match_tags(list(DECIDED))
    dataset.save_view(
        DECIDED_VIEW, decided, description="Tagged reject, relabel or keep", overwrite=True
    )


def save_worst_view(fiftyone: Any, dataset: Any) -> None:  # noqa: ANN401 - untyped library
    """The champion's worst samples, the lowest IoU first."""
    worst = dataset.match(fiftyone.ViewField("champion_place") > 0).sort_by("champion_place")
    what = "Of the test split, the lowest IoU first: what the champion must still learn"
    dataset.save_view(WORST_VIEW, worst, description=what, overwrite=True)
