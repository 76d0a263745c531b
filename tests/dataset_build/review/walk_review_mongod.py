"""Add a sample to FiftyOne, print what runs, and wait for the end of the input.

A process of its own: FiftyOne can be pointed at a database once per process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import psutil

from dataset_build.review.review_database import database
from dataset_build.review.review_fiftyone import configure_fiftyone


def main(folder: Path) -> dict[str, int]:
    configure_fiftyone(folder, uri=None)
    with database() as fiftyone:
        name = "walk"
        there = fiftyone.dataset_exists(name)
        dataset = fiftyone.load_dataset(name) if there else fiftyone.Dataset(name, persistent=True)
        dataset.add_sample(fiftyone.Sample(filepath=f"/images/{len(dataset)}.png"))
        client = fiftyone.core.odm.get_db_client()
        client.admin.command("fsync")  # a killed database forgets its last tenth of a second
        server = psutil.Process(client.admin.command("serverStatus")["pid"])
    return {"samples": len(dataset), "database": server.pid, "service": server.ppid()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # FiftyOne's farewell would wait for a killed database
