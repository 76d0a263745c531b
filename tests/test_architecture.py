"""The house as it is described: which package may import which, and a map that equals the files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("dataset_build", "segmentation", "camera_analysis", "assets", "pipelines")
#: pipelines -> assets -> {camera_analysis, segmentation -> dataset_build}
MAY_IMPORT = {
    "dataset_build": set(),
    "segmentation": {"dataset_build"},
    "camera_analysis": set(),
    "assets": {"dataset_build", "segmentation", "camera_analysis"},
    "pipelines": {"dataset_build", "segmentation", "camera_analysis", "assets"},
}
#: Folders in the order in which data flows; each imports only itself and those before it.
STAGES = {
    "dataset_build": "sources downloads scan duplicates ledger statistics expectations review",
    "segmentation": "models inference training evaluation speed champions",
    "pipelines": "storage synthetic automation pages shell demo cli",
}
PURE = ("dataset_build", "segmentation", "camera_analysis")
ORCHESTRATION = {"dagster", "fiftyone", "great_expectations"}
#: Names that say nothing about what is inside.
SHAPELESS = {"utils.py", "helpers.py", "common.py"}

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]


def imports_of(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Top-level package of each import, and whether it runs when the module is imported."""
    stack = [(tree, True)]
    while stack:
        node, at_import = stack.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "").split(".")[0], at_import
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            at_import = False
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += [(child, False) for child in node.body]
            stack += [(child, at_import) for child in node.orelse]
        else:
            stack += [(child, at_import) for child in ast.iter_child_nodes(node)]


def imports_in(path: Path) -> list[tuple[str, bool]]:
    return list(imports_of(ast.parse(path.read_text(encoding="utf-8"), str(path))))


@pytest.mark.parametrize("name", NAMES)
def test_arrows_point_one_way(name):
    package = name.split("/")[0]
    imported = {top for top, _ in imports_in(ROOT / name)}
    assert imported & set(PACKAGES) <= MAY_IMPORT[package] | {package}
    assert "tests" not in imported
    assert not [top for top in imported if top.startswith(".")], "import absolutely"


@pytest.mark.parametrize("name", STAGES)
def test_stages_import_only_earlier_ones(name):
    package, stages = ROOT / name, STAGES[name].split()
    assert {path.parent.name for path in package.glob("*/__init__.py")} == set(stages)
    for path in package.glob("*/*.py"):
        later = stages[stages.index(path.parent.name) + 1 :]
        modules = [
            node.module or ""
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
        ]
        asked = {module.split(".")[1] for module in modules if module.startswith(f"{name}.")}
        assert not asked & set(later), path


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(PURE)])
def test_pure_packages_load_without_the_orchestrator(name):
    at_import = {top for top, at_import in imports_in(ROOT / name) if at_import}
    assert not at_import & ORCHESTRATION
    assert "dagster" not in {top for top, _ in imports_in(ROOT / name)}


def test_no_module_is_named_after_nothing():
    assert not [name for name in NAMES if Path(name).name in SHAPELESS]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import dagster as dg", [("dagster", True)]),
        ("def f():\n    import fiftyone.core", [("fiftyone", False)]),
        ("class A:\n    from dagster import asset", [("dagster", True)]),
        ("if TYPE_CHECKING:\n    import av\nelse:\n    import os", [("av", False), ("os", True)]),
        ("from ..camera import Camera", [("..camera", True)]),
    ],
)
def test_imports_are_found_where_they_run(source, expected):
    assert sorted(imports_of(ast.parse(source))) == sorted(expected)


def mapped_modules(readme: str) -> dict[str, str]:
    """Path -> description, from the fenced tree under the heading "## Map".

    A line names one path or several, then what is in them. A folder ends in "/" and a file has a
    suffix; indentation puts a path below the last folder that is indented less.

    Raises:
        ValueError: there is no such heading, or no fenced block below it.
    """
    found = re.search(r"^## Map\n(?:(?!^## )[\s\S])*?^```[^\n]*\n([\s\S]*?)^```", readme, re.M)
    if not found:
        raise ValueError('README.md has no fenced tree below "## Map"; list every module there')
    folders: list[tuple[int, str]] = []
    described: dict[str, str] = {}
    for line in filter(str.strip, found.group(1).splitlines()):
        bare = re.sub(r"^[\s\u2502\u251c\u2514\u2500]*", "", line)
        depth = len(line) - len(bare)
        paths = re.match(r"(?:[\w./-]+(?:/|\.\w+)(?:\s+|$))*", bare)
        words = paths.group() if paths else ""
        description = bare[len(words) :].strip()
        folders = [(at, name) for at, name in folders if at < depth]
        above = "".join(name for _, name in folders[-1:])
        for word in words.split():
            path = above + word
            described[path] = description.lstrip("#: ")
            if word.endswith("/"):
                folders.append((depth, path))
    return described


def test_map_is_read_from_a_drawn_tree():
    readme = """
## Map
Where things are.

```text
assets/              what is materialized
  checks.py          every check, named as a claim
  models/            networks
    unet.py  stdc.py   encoders and decoders
pipelines/           how and when
\u2514\u2500\u2500 jobs.py          what runs together
```
## Next
"""
    assert mapped_modules(readme) == {
        "assets/": "what is materialized",
        "assets/checks.py": "every check, named as a claim",
        "assets/models/": "networks",
        "assets/models/unet.py": "encoders and decoders",
        "assets/models/stdc.py": "encoders and decoders",
        "pipelines/": "how and when",
        "pipelines/jobs.py": "what runs together",
    }


def test_readme_without_a_map_is_refused():
    with pytest.raises(ValueError, match='below "## Map"'):
        mapped_modules("## Map\n\n## Usage\n```\nassets/  x\n```\n")


def test_readme_map_equals_the_files():
    described = mapped_modules((ROOT / "README.md").read_text(encoding="utf-8"))
    mapped = {path for path in described if path.endswith(".py") and path.split("/")[0] in PACKAGES}
    existing = {name for name in NAMES if not name.endswith("/__init__.py")}
    assert sorted(mapped - existing) == [], "mapped, but there is no such file"
    assert sorted(existing - mapped) == [], "exists, but README.md does not map it"
    assert [path for path in mapped if not described[path]] == [], "mapped without a description"
