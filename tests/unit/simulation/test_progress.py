"""Progress lines and the plain texts of the command line."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from femanode.simulation import progress
from femanode.simulation.progress import Estimate, describe, format_seconds, live, share_done
from femanode.simulation.run import Progress


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (119.0, "119 s"), (738.0, "12.3 min"),
                                               (7199.0, "120.0 min"), (18000.0, "5.0 h")])
def test_times_in_a_unit_that_fits(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_done_is_the_further_of_time_and_conversion() -> None:
    assert share_done(Progress(100.0, 0.3, 0.05, 1.0, 1000.0)) == 0.3
    assert share_done(Progress(700.0, 0.3, 0.05, 1.0, 1000.0)) == 0.7
    assert share_done(Progress(2000.0, 0.3, 0.05, 1.0, 1000.0)) == 1.0


def test_a_wanted_conversion_is_the_end() -> None:
    assert share_done(Progress(100.0, 0.3, 0.05, 1.0, 1000.0, wanted=0.6)) == 0.5


def test_a_line_has_time_fraction_speed_and_what_is_known_of_the_end() -> None:
    line = describe(Progress(600.0, 0.25, 0.0123, 0.42, 36000.0), 30.0)
    assert line == "t = 10.0 min  converted 25.0 %  front 0.0123 nm/s, 0.42 of its rate k  about 30 s left"
    assert describe(Progress(1.0, 0.0, 0.01, 1.0, 1000.0), None).endswith("of its rate k")
    held = Progress(600.0, 0.25, 0.001, 0.05, 36000.0, reserve=0.05)
    assert describe(held, None).endswith("of its rate k  close to arrest")
    # slow for want of carriers, not held by stress
    assert "arrest" not in describe(Progress(600.0, 0.25, 0.001, 0.01, 36000.0, reserve=0.9), 30.0)
    assert describe(replace(held, doing="drawing pictures"), None) == "drawing pictures"


def foreseen(shares: Callable[[float], dict[str, Any]], seconds: float, steps: int) -> list[tuple[float, float]]:
    """Seconds foreseen and true, at each step of a run of so many seconds in which something is told."""
    estimate, told = Estimate(), []
    for k in range(1, steps):
        now = seconds * k / steps
        left = estimate.left(Progress(**{"t": 0.0, "converted": 0.0, "speed": 0.0, "drive": 1.0, "end": 1.0, "steps": k,
                                         **shares(k / steps)}), 100.0 + now)
        if left is not None:
            told.append((left, seconds - now))
    return told


def test_a_run_that_goes_evenly_to_its_end_is_foreseen_all_along() -> None:
    told = foreseen(lambda share: {"t": share}, 100.0, 200)
    assert len(told) > 180
    for left, true in told:
        assert left == pytest.approx(true, abs=1e-9)


def test_a_protocol_says_cycle_step_and_potential() -> None:
    held = Progress(600.0, 1.0, 0.0, 0.0, 36000.0, reserve=-0.1, step="cycle 2 of 3, Rest for 1800.0 s: 0.312 V, "
                    "1224 mAh/g", done=0.5)
    assert describe(held, 30.0) == "t = 10.0 min  cycle 2 of 3, Rest for 1800.0 s: 0.312 V, 1224 mAh/g"
    assert share_done(held) == 0.5  # not 1, though all has converted


def test_a_slow_start_does_not_count_in_the_time_left() -> None:
    # a fifth of the run's seconds for the first fiftieth of its depth (compilation, the first skin)
    told = foreseen(lambda share: {"depth": share / 10 if share < 0.2 else 0.02 + 1.225 * (share - 0.2)}, 100.0, 400)
    late = [(left, true) for left, true in told if true < 40.0]
    assert late
    for left, true in late:
        assert left == pytest.approx(true, abs=1e-6)


#: What runs with the solver of two bundled wires showed: the reserve, and how much of the work was done at it.
RESERVE = [1.0, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
SEEN = {"<110>, README": [0.02, 0.18, 0.215, 0.258, 0.295, 0.353, 0.446, 0.585, 1.0],
        "<111>, coarse": [0.03, 0.274, 0.32, 0.372, 0.418, 0.474, 0.546, 0.9, 1.0]}


@pytest.mark.parametrize("wire", SEEN)
def test_what_is_told_of_a_front_that_stress_stops_is_good_to_a_factor_of_two(wire: str) -> None:
    """At the present pace of its depth, which saturates, the time left would grow all the time."""
    told = foreseen(lambda share: {"reserve": float(np.interp(share, SEEN[wire], RESERVE)), "planned": 170,
                                   "depth": 0.3 * (1 - np.exp(-4 * share))}, 200.0, 200)
    assert max(true for _, true in told) > 180.0
    assert min(true for _, true in told) < 130.0
    for left, true in told:
        assert 0.5 * true <= left <= 2.0 * true


def test_first_the_plan_tells_and_a_plan_that_has_nearly_run_out_does_not() -> None:
    told = foreseen(lambda share: {"planned": 250}, 100.0, 200)
    # 250 steps planned for 200: half a second each
    assert told[0][0] == pytest.approx(0.5 * (250 - 5), abs=1.5)
    assert min(true for _, true in told) > 40.0


def test_forecasts_that_run_away_are_not_told() -> None:
    # slower and slower: at the present pace the end would recede all the time
    assert not foreseen(lambda share: {"depth": 0.5 * share**0.2}, 100.0, 200)


def test_where_nothing_moves_nothing_is_told() -> None:
    assert not foreseen(lambda share: {"t": 0.5}, 100.0, 50)


def test_the_next_run_of_several_starts_anew() -> None:
    estimate = Estimate()
    for k in range(1, 50):
        estimate.left(Progress(k / 50, 0.0, 0.0, 1.0, 1.0, steps=k), float(k))
    assert estimate.left(Progress(0.01, 0.0, 0.0, 1.0, 1.0, steps=1), 50.0) is None


def test_what_follows_the_last_step_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: 0.0)
    with live() as report:
        assert report is not None
        for doing in ("", "", "drawing pictures", "writing the page"):
            report(Progress(1.0, 0.5, 0.05, 1.0, 1.0, doing=doing))
    assert stream.getvalue().splitlines()[-2:] == ["drawing pictures", "writing the page"]


def test_one_line_per_some_seconds_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    clock = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    with live() as report:
        assert report is not None
        for _ in range(100):
            clock[0] += 0.2
            report(Progress(clock[0], 0.01 * clock[0], 0.05, 1.0, 100.0))
    # 20 s at a line every 5 s, the first at once
    assert len(stream.getvalue().splitlines()) == 4


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with live() as report:
        assert report is not None
        report(Progress(50.0, 0.4, 0.05, 1.0, 100.0))
    assert "50 %" in stream.getvalue()
    assert "converted 40.0 %" in stream.getvalue()


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with live(quiet=True) as report:
        assert report is None
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
