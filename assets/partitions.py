"""The three ways assets are cut: by source, by architecture, by camera and day."""

import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from camera_analysis.footage.file_time import FIRST_DAY
from dataset_build.sources.sources import SOURCES
from segmentation.config import ARCHITECTURES

#: One partition per dataset source of the registry; a rebuild asks for the configured ones.
SOURCE = dg.StaticPartitionsDefinition(sorted(SOURCES))


def with_sources(spec: dg.AssetSpec, custom: Iterable[str]) -> dg.AssetSpec:
    """An asset by source, with the custom sources of a home among its partitions.

    Static, from the settings that the code location is loaded with: a dynamic partition would live
    in Dagster's storage, where it can differ from the settings that say how to read the source.
    """
    if spec.partitions_def != SOURCE:
        return spec
    names = sorted({*SOURCES, *custom})
    return spec.replace_attributes(partitions_def=dg.StaticPartitionsDefinition(names))


#: One partition per network of the registry.
ARCHITECTURE = dg.StaticPartitionsDefinition(list(ARCHITECTURES))

CAMERA = dg.DynamicPartitionsDefinition(name="camera")


def camera_days_from(first_day: str) -> dg.MultiPartitionsDefinition:
    """Camera x day, from a date on; an early date costs partitions: cameras times days.

    Days are UTC's here and the camera's own in its footage: an end offset of 1 includes today, of 2
    the tomorrow in which a camera up to 14 hours east of Greenwich already is.
    """
    day = dg.DailyPartitionsDefinition(start_date=first_day, end_offset=2)
    return dg.MultiPartitionsDefinition({"camera": CAMERA, "day": day})


CAMERA_DAY = camera_days_from(FIRST_DAY)


def with_first_day(spec: dg.AssetSpec, first_day: str) -> dg.AssetSpec:
    """An asset by camera and day, with the days that a home's settings begin at."""
    if spec.partitions_def != CAMERA_DAY or first_day == FIRST_DAY:
        return spec
    return spec.replace_attributes(partitions_def=camera_days_from(first_day))


def window_of_preceding_days(days: int) -> dg.MultiPartitionMapping:
    """Map a camera-day to the same camera's ``days`` days before it, never the day itself."""
    with warnings.catch_warnings():
        # Both are in beta; the lock pins the version whose behaviour is tested.
        warnings.simplefilter("ignore", category=dg.BetaWarning)
        preceding = dg.TimeWindowPartitionMapping(
            start_offset=-days, end_offset=-1, allow_nonexistent_upstream_partitions=True
        )
        return dg.MultiPartitionMapping(
            {
                "camera": dg.DimensionPartitionMapping("camera", dg.IdentityPartitionMapping()),
                "day": dg.DimensionPartitionMapping("day", preceding),
            }
        )


def last_day(now: datetime) -> str:
    """The last date that has a partition at this instant."""
    return (now.astimezone(UTC) + timedelta(days=1)).date().isoformat()


def camera_day_key(camera: str, day: str) -> dg.MultiPartitionKey:
    """Partition key of one camera-day."""
    return dg.MultiPartitionKey({"camera": camera, "day": day})


def store_partition(partition_key: str) -> str:
    """Store path of a partition: ``camera/day`` for a camera-day, else the key itself."""
    if isinstance(partition_key, dg.MultiPartitionKey):
        keys = partition_key.keys_by_dimension
        return f"{keys['camera']}/{keys['day']}"
    return partition_key
