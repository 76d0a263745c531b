"""Files take their places together, when all are whole."""

from __future__ import annotations

import stat

import pytest

from camera_analysis.privacy.whole_files import written_whole


def test_files_appear_at_the_end(tmp_path):
    targets = [tmp_path / "a.people", tmp_path / "a.mp4"]
    with written_whole(targets, replace=False) as aside:
        for target in targets:
            (aside / target.name).write_text(target.suffix)
            assert not target.exists()
        assert stat.S_IMODE(aside.stat().st_mode) == 0o700
    assert [target.read_text() for target in targets] == [".people", ".mp4"]
    assert sorted(tmp_path.iterdir()) == sorted(targets)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_leaves_nothing_but_what_was_there(tmp_path, error):
    target = tmp_path / "a.mkv"
    target.write_text("before")
    with pytest.raises(error), written_whole([target], replace=True) as aside:
        (aside / "a.mkv").write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == [target] and target.read_text() == "before"


def test_what_exists_is_kept_unless_it_may_be_replaced(tmp_path):
    target = tmp_path / "a.mp4"
    target.write_text("before")
    with pytest.raises(ValueError, match=r"a\.mp4 exists; .*--force"):
        with written_whole([target], replace=False):
            pass
    with written_whole([target], replace=True) as aside:
        (aside / "a.mp4").write_text("after")
    assert target.read_text() == "after"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        with written_whole([tmp_path / "none" / "a.mp4"], replace=False):
            pass
