"""The definitions load, quickly, and the asset graph equals its golden.

``python -m tests.test_definitions`` writes the golden anew.
"""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_definitions
from pipelines.settings import Settings

GOLDEN = Path(__file__).parent / "golden" / "asset_graph.json"
#: What the code location may not import while it loads: each costs seconds.
HEAVY = ("torch", "fiftyone", "great_expectations", "ray", "matplotlib.pyplot", "s3fs")


def asset_graph(definitions: dg.Definitions) -> dict[str, object]:
    """Names, arrows, partitions, pools and checks of every asset; jobs, schedules, sensors."""
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    assets = {}
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        partitions = node.partitions_def
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "after": sorted(parent.to_user_string() for parent in node.parent_keys),
            "partitions": type(partitions).__name__ if partitions else None,
            "checks": sorted(
                f"{check.name}{' (blocking)' if graph.get(check).blocking else ''}"
                for check in node.check_keys
            ),
            "pools": sorted(node.pools or ()),
        }
    return {
        "assets": assets,
        "jobs": sorted(job.name for job in definitions.jobs),
        "schedules": sorted(schedule.name for schedule in definitions.schedules),
        "sensors": sorted(sensor.name for sensor in definitions.sensors),
    }


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return build_definitions(Settings(home=tmp_path_factory.mktemp("home")))


def test_definitions_are_loadable(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_asset_graph_equals_its_golden(definitions):
    assert asset_graph(definitions) == json.loads(GOLDEN.read_text())


def test_importing_the_definitions_imports_nothing_heavy(tmp_path):
    code = (
        "import sys, pipelines.definitions\n"
        "pipelines.definitions.defs()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = {"LEARNED_NORMAL_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


if __name__ == "__main__":
    graph = asset_graph(build_definitions(Settings(home=Path("/nonexistent"))))
    GOLDEN.write_text(json.dumps(graph, indent=1) + "\n")
