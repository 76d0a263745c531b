"""``learned-normal models list``: sizes of all architectures, for people and for programs."""

import json

from click.testing import CliRunner

from pipelines.cli.command import main
from segmentation.config import ARCHITECTURES


def said(*words):
    result = CliRunner().invoke(main, ["models", "list", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_json_has_a_row_for_every_architecture():
    rows = {row["name"]: row for row in json.loads(said("--json"))}
    assert list(rows) == list(ARCHITECTURES)
    assert rows["unet"] == {
        "name": "unet",
        "parameters_train": 31_043_521,
        "parameters_inference": 31_043_521,
        "parameters_with_statistics": 31_055_297,
        "parameters_idle": 0,
        "classes": 1,
    }
    stdc = rows["stdc1"]
    assert (stdc["classes"], stdc["parameters_train"]) == (19, 12_048_928)
    assert stdc["parameters_inference"] == 11_400_352


def test_the_table_counts_with_the_classes_that_are_asked_for():
    title, *lines = said("--classes", "2").splitlines()
    assert title.split()[0] == "name"
    assert len(lines) == len(ARCHITECTURES)
    assert len({len(line) for line in lines}) == 1
    bisenet = next(line.split() for line in lines if line.startswith("bisenetv2 "))
    assert bisenet[1:3] == ["5,190,874", "3,341,202"]
    assert bisenet[-1] == "2"
