"""Progress lines and the plain texts of the command line."""

from __future__ import annotations

import io
import sys

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


def test_a_line_has_time_fraction_speed_and_time_left() -> None:
    line = describe(Progress(600.0, 0.25, 0.0123, 0.42, 36000.0), 30.0)
    assert line == "t = 10.0 min  converted 25.0 %  front 0.0123 nm/s, 0.42 of its rate k  at most 30 s left"
    assert "estimating" in describe(Progress(1.0, 0.0, 0.01, 1.0, 1000.0), None)
    held = Progress(600.0, 0.25, 0.001, 0.05, 36000.0, reserve=0.05)
    assert describe(held, 30.0).endswith("close to arrest, at most 30 s left")
    # slow for want of carriers, not held by stress
    assert "arrest" not in describe(Progress(600.0, 0.25, 0.001, 0.01, 36000.0, reserve=0.9), 30.0)


def test_a_protocol_says_cycle_step_and_potential() -> None:
    held = Progress(600.0, 1.0, 0.0, 0.0, 36000.0, reserve=-0.1, step="cycle 2 of 3, Rest for 1800.0 s: 0.312 V, "
                    "1224 mAh/g", done=0.5)
    assert describe(held, 30.0) == "t = 10.0 min  cycle 2 of 3, Rest for 1800.0 s: 0.312 V, 1224 mAh/g"
    assert share_done(held) == 0.5  # not 1, though all has converted


def test_a_slow_start_does_not_count_in_the_time_left() -> None:
    estimate = Estimate()
    # ten seconds for the first hundredth (compilation, the first skin), then a hundredth in a second
    assert estimate.left(0.0, 100.0) is None
    assert estimate.left(0.001, 101.0) is None
    told = [estimate.left(0.01 * i, 110.0 + i - 1) for i in range(1, 41)]
    # 40 % done after 49 s: by the average over all of it 74 s would be left
    assert told[-1] == pytest.approx(60.0, abs=0.5)
    assert told[-20] == pytest.approx(79.0, abs=1.0)


def test_where_nothing_moves_nothing_is_told() -> None:
    estimate = Estimate()
    assert [estimate.left(0.5, t) for t in (0.0, 5.0, 10.0)] == [None, None, None]


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
