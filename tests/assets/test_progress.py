from assets.progress import APART_S, log_progress


class _Logged:
    """Stands for a running step: its name, and what it logs."""

    def __init__(self):
        self.lines = []
        self.log = self
        self.op_execution_context = self
        self.op_def = self
        self.name = "stage"

    def info(self, line):
        self.lines.append(line)


def lines_of(seconds_by_done):
    step, now = _Logged(), [0.0]
    progress = log_progress(step, clock_s=lambda: now[0])
    for done, seconds in seconds_by_done.items():
        now[0] = seconds
        progress(done, 100)
    return step.lines


def test_a_slow_stage_logs_every_tenth_once():
    told = lines_of({5 * n: APART_S * n for n in range(1, 21)})
    assert len(told) == 10
    assert told[0] == "stage: 10 of 100 (10 %)"
    assert told[-1] == "stage: 100 of 100 (100 %)"


def test_a_stage_that_flies_by_logs_nothing():
    assert lines_of({10 * n: 0.1 * n for n in range(1, 11)}) == []


def test_lines_are_apart_in_time():
    told = lines_of({10: 1.0, 20: 5.0, 30: 6.0, 60: 11.0, 90: 12.0})
    assert told == ["stage: 20 of 100 (20 %)", "stage: 60 of 100 (60 %)"]
