from __future__ import annotations

import ast
import dataclasses
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dataset_build
from dataset_build import scan_rules
from dataset_build.config import DatasetConfig
from dataset_build.mask_files import PanopticIds
from dataset_build.readers import SourceFiles
from dataset_build.scan_rules import LATER_STAGES, ReadLimits, fingerprint
from dataset_build.sources import SOURCES

PACKAGE = Path(dataset_build.__file__).parent
LIMITS = ReadLimits.of(DatasetConfig())


def files(segment: int = 1, category: int = 1) -> SourceFiles:
    segments = {"a": np.array([[segment, category]], np.int32)}
    return SourceFiles(samples=(), decoder=PanopticIds(segments))


def imported_by(module: str, seen: set[str]) -> set[str]:
    """Modules of the package that a module needs, whatever the way."""
    seen.add(module)
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        top, _, below = node.module.partition(".")
        if top == "dataset_build":
            names = [below] if below else [alias.name for alias in node.names]
            for name in names:
                if name not in seen:
                    imported_by(name, seen)
    return seen


def test_a_scan_needs_no_module_that_its_fingerprint_leaves_out():
    assert imported_by("scan", set()) & LATER_STAGES == set()


def test_every_later_stage_is_a_module():
    assert {f"{name}.py" for name in LATER_STAGES} <= {path.name for path in PACKAGE.glob("*.py")}


def test_the_same_source_has_the_same_fingerprint():
    assert fingerprint(SOURCES["voc"], files(), LIMITS) == fingerprint(
        SOURCES["voc"], files(), LIMITS
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda spec, listed, limits: (dataclasses.replace(spec, licence="another"), listed, limits),
        lambda spec, listed, limits: (
            dataclasses.replace(
                spec, labels=dataclasses.replace(spec.labels, human=frozenset({14}))
            ),
            listed,
            limits,
        ),
        lambda spec, listed, limits: (spec, files(segment=2), limits),
        lambda spec, listed, limits: (spec, files(category=2), limits),
        lambda spec, listed, limits: (spec, listed, dataclasses.replace(limits, min_region_px=17)),
        lambda spec, listed, limits: (spec, listed, dataclasses.replace(limits, max_image_px=17)),
    ],
    ids=["licence", "label map", "segment", "category", "region", "size"],
)
def test_whatever_decides_a_row_is_in_the_fingerprint(change):
    before = (SOURCES["voc"], files(), LIMITS)
    assert fingerprint(*change(*before)) != fingerprint(*before)


def test_other_code_is_another_fingerprint(monkeypatch):
    before = fingerprint(SOURCES["voc"], files(), LIMITS)
    monkeypatch.setattr(scan_rules, "_code", lambda: "edited")
    assert fingerprint(SOURCES["voc"], files(), LIMITS) != before


def test_modules_in_folders_count_but_for_later_stages(tmp_path, monkeypatch):
    monkeypatch.setattr(scan_rules, "dataset_build", SimpleNamespace(__file__=tmp_path / "x.py"))
    (tmp_path / "sources").mkdir()
    found = []
    for name, code in (("cleaning", "1"), ("cleaning", "2"), ("readers", "1"), ("readers", "2")):
        (tmp_path / "sources" / f"{name}.py").write_text(code)
        found.append(scan_rules._code.__wrapped__())
    assert found[0] == found[1]
    assert len(set(found[1:])) == 3


def test_a_decoder_that_is_no_data_has_no_fingerprint():
    held = SourceFiles(samples=(), decoder=PanopticIds({"a": threading.Lock()}))  # type: ignore[dict-item]
    assert fingerprint(SOURCES["voc"], held, LIMITS) == ""
