"""A reviewer at the browser: open the App, click a sample, tag it, and the next rebuild drops it.

FiftyOne's database is chosen once per process, so the walk runs in a process of its own:
``python -m tests.pipelines.cli.test_review_browser <home>`` leaves ``seen.json`` and, in
``screens``, what was on screen.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
from pathlib import Path

import pytest

from pipelines.settings import load_settings
from pipelines.shell.runs import Planned, Runner
from tests.pipelines.cli.test_review_line import push, rows_of
from tests.pipelines.factories_walk import walk_and_leave, walked

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 90_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="no chromium on this machine"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright is not installed"
    ),
]


@pytest.fixture(scope="module")
def seen(line, tmp_path_factory):
    """What the walk saw, over a copy of the finished line's dataset."""
    home = tmp_path_factory.mktemp("browser")
    return walked("tests.pipelines.cli.test_review_browser", line, home, patience_s=400)


def test_a_click_and_a_word_tag_the_sample_on_screen(seen):
    assert seen["tagged"] == [seen["clicked"]]


def test_the_next_rebuild_drops_it_and_says_who(seen):
    assert seen["fate"] == ["removed", "review_reject", "review"]
    assert "rejected by ann on" in seen["measured"]


def test_what_was_on_screen_is_kept(seen):
    assert [Path(path).stat().st_size > 20_000 for path in seen["screens"]] == [True] * 3


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def at_the_browser(url: str, screens: Path) -> list[str]:
    """Select the first sample by clicking, tag it by typing; returns the screenshots."""
    from playwright.sync_api import sync_playwright

    shots = [str(screens / f"{name}.png") for name in ("queue", "tagging", "tagged")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1500, "height": 950})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url, wait_until="domcontentloaded")
        first = page.locator('[data-cy="looker"]').first
        first.wait_for()
        page.wait_for_timeout(5_000)  # masks are drawn after their images
        page.keyboard.press("Escape")  # an advertisement may lie above the first samples
        page.wait_for_timeout(1_000)
        page.screenshot(path=shots[0])
        first.hover()
        page.locator('[data-cy^="looker-checkbox-"]').first.click()
        page.locator('[data-cy="action-tag-sample-labels"]').click()
        field = page.locator('input[placeholder*="tag"]').first
        field.fill("reject")
        field.press("Enter")
        page.screenshot(path=shots[1])
        page.get_by_text("Apply", exact=True).click()
        page.wait_for_timeout(3_000)  # the App loads the grid anew
        first.wait_for()
        page.wait_for_timeout(5_000)
        page.screenshot(path=shots[2])
        browser.close()
    return shots


def walk(home: Path) -> dict[str, object]:
    """Push the queue, tag its first sample in the browser, rebuild."""
    from dataset_build.review.review_fiftyone import open_app

    runner = Runner(load_settings(home))
    push(runner)
    name, port = runner.settings.review_dataset, free_port()
    screens = home / "screens"
    screens.mkdir()
    open_app(name, port=port, reviewer="ann")
    import fiftyone

    dataset = fiftyone.load_dataset(name)
    clicked = dataset.load_saved_view("queue").first().sample_id
    shots = at_the_browser(f"http://127.0.0.1:{port}/datasets/{name}?view=queue", screens)
    dataset.reload()
    tagged = dataset.match_tags("reject").values("sample_id")
    runner.run(Planned(job="dataset_job"))
    row = rows_of(runner, "cleaned_dataset", "ledger.parquet")[clicked]
    return {
        "clicked": clicked,
        "tagged": tagged,
        "fate": [row["fate"], row["reason"], row["stage"]],
        "measured": row["measured"],
        "screens": shots,
    }


if __name__ == "__main__":
    walk_and_leave(walk)
