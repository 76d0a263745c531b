"""Partition keys, their place in the store, and the window of preceding days."""

import dagster as dg

from assets.partitions import CAMERA_DAY, camera_day_key, store_partition, window_of_preceding_days


def test_camera_day_has_a_folder_per_camera_and_day():
    assert store_partition(camera_day_key("door", "2026-01-05")) == "door/2026-01-05"


def test_other_partitions_keep_their_key():
    assert store_partition("voc") == "voc"


def test_window_is_the_days_before_and_never_the_day_itself():
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("camera", ["door", "hall"])
        mapped = window_of_preceding_days(3).get_upstream_mapped_partitions_result_for_partitions(
            CAMERA_DAY.subset_with_partition_keys([camera_day_key("door", "2026-01-05")]),
            CAMERA_DAY,
            CAMERA_DAY,
            dynamic_partitions_store=instance,
        )
        keys = sorted(store_partition(key) for key in mapped.partitions_subset.get_partition_keys())
    assert keys == ["door/2026-01-02", "door/2026-01-03", "door/2026-01-04"]
