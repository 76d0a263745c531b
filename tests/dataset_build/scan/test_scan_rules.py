from __future__ import annotations

import ast
import dataclasses
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import dataset_build
from dataset_build.config import DatasetConfig
from dataset_build.scan import scan_rules
from dataset_build.scan.scan_rules import LATER_STAGES, ReadLimits, fingerprint, is_later
from dataset_build.sources.mask_files import PanopticIds
from dataset_build.sources.readers import SourceFiles
from dataset_build.sources.sources import SOURCES

PACKAGE = Path(dataset_build.__file__).parent
LIMITS = ReadLimits.of(DatasetConfig())


def files(segment: int = 1, category: int = 1) -> SourceFiles:
    segments = {"a": np.array([[segment, category]], np.int32)}
    return SourceFiles(samples=(), decoder=PanopticIds(segments))


def imported_by(module: str, seen: set[str]) -> set[str]:
    """Modules of the package that a module needs, whatever the way."""
    seen.add(module)
    for node in ast.walk(ast.parse(file_of(module).read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        top, _, below = node.module.partition(".")
        if top == "dataset_build":
            for name in [below, *(f"{below}.{alias.name}".lstrip(".") for alias in node.names)]:
                if name not in seen and file_of(name).is_file():
                    imported_by(name, seen)
    return seen


def file_of(module: str) -> Path:
    return PACKAGE / f"{module.replace('.', '/')}.py"


def test_a_scan_needs_no_module_that_its_fingerprint_leaves_out():
    needed = imported_by("scan.scan", set())
    assert {"scan.sample_reader", "sources.readers", "config"} <= needed
    assert [module for module in needed if is_later(module)] == []


def test_every_later_stage_is_a_folder_or_a_module():
    for name in LATER_STAGES:
        assert file_of(name).is_file() or (PACKAGE / name).is_dir()


def test_a_folder_of_a_later_stage_takes_its_modules_with_it():
    assert is_later("ledger")
    assert is_later("ledger.cleaning")
    assert is_later("sources.own_frames")
    assert not is_later("sources.readers")
    assert not is_later("ledgers")


def test_an_edited_module_counts_unless_it_is_of_a_later_stage(tmp_path, monkeypatch):
    package = tmp_path / "dataset_build"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    init = SimpleNamespace(__file__=str(package / "__init__.py"))
    monkeypatch.setattr(scan_rules, "dataset_build", init)
    before = scan_rules._code.__wrapped__()
    (package / "ledger" / "cleaning.py").write_text("edited")
    assert scan_rules._code.__wrapped__() == before
    (package / "sources" / "readers.py").write_text("edited")
    assert scan_rules._code.__wrapped__() != before


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


def test_a_decoder_that_is_no_data_has_no_fingerprint():
    held = SourceFiles(samples=(), decoder=PanopticIds({"a": threading.Lock()}))  # type: ignore[dict-item]
    assert fingerprint(SOURCES["voc"], held, LIMITS) == ""
