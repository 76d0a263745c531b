"""What runs together."""

import dagster as dg

from pipelines.automation.housekeeping import tidy
from pipelines.storage.store import Store

SOURCE_ASSETS = ("source_samples", "human_masks")
DATASET_ASSETS = (
    "review_decisions",
    "merged_dataset",
    "cleaned_dataset",
    "dataset_split",
    "dataset_statistics",
    "review_queue",
)
CAMERA_ASSETS = (
    "frame_index",
    "label_maps",
    "regions",
    "activity_counts",
    "scene_change",
    "learned_normal",
    "anomalies",
    "occupancy",
    "trajectories",
    "camera_report",
    "private_video",
)
#: Of these, those that need no footage: what is stored of the day and of the days before suffices.
JUDGING_ASSETS = ("scene_change", "learned_normal", "anomalies", "occupancy", "camera_report")

#: One source: scan its images, pack its masks. One partition a run.
source_job = dg.define_asset_job(
    "source_job", dg.AssetSelection.assets(*SOURCE_ASSETS), description="Scan one dataset source."
)

#: All sources' current versions to one dataset, obeying what was decided in review.
dataset_job = dg.define_asset_job(
    "dataset_job",
    dg.AssetSelection.assets(*DATASET_ASSETS),
    description="Merge, clean, split, measure and queue for review.",
)

#: Train and evaluate one architecture.
model_job = dg.define_asset_job(
    "model_job",
    dg.AssetSelection.assets("trained_model", "model_evaluation"),
    description="Train and evaluate one architecture.",
)

#: Measure one architecture on this machine; only comparisons read it.
speed_job = dg.define_asset_job(
    "speed_job",
    dg.AssetSelection.assets("model_speed"),
    description="Measure the speed of one trained architecture, on a machine with nothing to do.",
)

champion_job = dg.define_asset_job(
    "champion_job",
    dg.AssetSelection.assets("model_comparison", "champion_model"),
    description="Compare the evaluated models, and promote one that is surely better.",
)

#: What the newest champion thinks of the masks, and the queue that follows from it.
mistakenness_job = dg.define_asset_job(
    "mistakenness_job",
    dg.AssetSelection.assets("mask_mistakenness", "review_queue"),
    description="Let the champion look for mistaken masks, and queue the worst for review.",
)

#: One camera-day, from footage to report.
camera_job = dg.define_asset_job(
    "camera_job",
    dg.AssetSelection.assets(*CAMERA_ASSETS),
    description="One camera-day: maps, normal, anomalies, occupancy, tracks, report, video.",
)

#: A labelled camera-day again: another scene was accepted, or an event was marked.
judge_job = dg.define_asset_job(
    "judge_job",
    dg.AssetSelection.assets(*JUDGING_ASSETS),
    description="Judge one labelled camera-day again: scene, normal, anomalies, occupancy, report.",
)

#: The page of a camera-day once more: its private video comes last.
report_job = dg.define_asset_job(
    "report_job",
    dg.AssetSelection.assets("camera_report"),
    description="Write the page of one camera-day again, of what is stored.",
)

index_job = dg.define_asset_job(
    "index_job",
    dg.AssetSelection.assets("camera_index"),
    description="The page that lists all camera-days.",
)

#: Only read what was decided; a rebuild does so too.
review_job = dg.define_asset_job(
    "review_job",
    dg.AssetSelection.assets("review_decisions"),
    description="Read the reviewer's decisions back from FiftyOne.",
)

#: What was said of events; the next camera-day that is judged obeys.
event_marks_job = dg.define_asset_job(
    "event_marks_job",
    dg.AssetSelection.assets("event_marks"),
    description="Read back what was said of events, from FiftyOne and the command line.",
)

#: On demand: it starts the reviewer's database.
event_queue_job = dg.define_asset_job(
    "event_queue_job",
    dg.AssetSelection.assets("event_queue"),
    description="Show the events that nobody marked in FiftyOne.",
)


@dg.op(description="Remove versions beyond the retention setting.")
def prune_store(
    context: dg.OpExecutionContext,
    store: dg.ResourceParam[Store],
    keep_versions: dg.ResourceParam[int],
) -> None:
    """What a current version refers to always stays."""
    removed = tidy(store, keep_versions)
    context.log.info(f"{len(removed)} versions removed, the newest {keep_versions} kept")


@dg.job(description="Remove versions beyond the retention setting.")
def retention_job() -> None:
    """Bound the store."""
    prune_store()


JOBS = (
    source_job,
    dataset_job,
    model_job,
    speed_job,
    champion_job,
    mistakenness_job,
    camera_job,
    judge_job,
    report_job,
    index_job,
    review_job,
    event_marks_job,
    event_queue_job,
    retention_job,
)
