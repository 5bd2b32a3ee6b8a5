"""As many frames as were asked for, evenly spread, however a run ends; steps are as without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import femanode
from femanode.config.loading import Config
from femanode.output.writers import FrameEntry
from femanode.simulation.schedule import SPARE, Schedule
from tests.fronts import coarse_case


def schedule(frames: int, converted: float | None = 1.0) -> Schedule:
    """The rule of a run whose states are numbers: their converted fractions."""
    physics = SimpleNamespace(converted_fraction=lambda xi: xi)
    output = SimpleNamespace(frames=frames, frames_by="conversion")
    config = SimpleNamespace(output=output, boundary=SimpleNamespace(protocol=None))
    problem: Any = SimpleNamespace(physics=physics, config=config, output_times=list,
                                   limits=SimpleNamespace(end=1e3, converted=converted),
                                   initial_state=lambda: SimpleNamespace(xi=0.0))
    return Schedule(problem)


def kept(rule: Schedule, places: Sequence[float]) -> tuple[list[float], int]:
    """What a run through these places leaves, and the most that was kept on the way."""
    entries = [FrameEntry(0.0, "0", places[0])]
    most = 1
    for number, place in enumerate(places[1:], start=1):
        last = number == len(places) - 1
        state: Any = SimpleNamespace(xi=place, t=float(number))
        if rule.due(state, entries) or last:
            entries.append(FrameEntry(float(number), str(number), place))
            most = max(most, len(entries))
            entries = rule.chosen(entries) if last else rule.thinned(entries)
    return [entry.place for entry in entries], most


#: Where a run may end: at once, by arrest anywhere, nearly full, full.
ENDS = (0.011, 0.13, 0.2718, 0.5, 0.63, 0.9, 1.0)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_exactly_the_number_asked_for_and_even(count: int, end: float) -> None:
    # A front that slows down: steps become small, as before arrest.
    places = list(end * (1.0 - (1.0 - np.linspace(0.0, 1.0, 2000)) ** 2))
    found, most = kept(schedule(count), places)
    assert len(found) == count
    assert found[-1] == places[-1]
    assert most <= SPARE * count + 1
    if count > 1:
        assert found[0] == 0.0
        # Lines of the grid are at least twice as dense as the frames, and steps (at most end/1000) add to that.
        wanted = np.linspace(0.0, end, count)
        assert np.abs(np.array(found) - wanted).max() <= (0.25 + 1e-3 * count) * end / (count - 1) + 1e-12


def test_a_whole_run_has_its_frames_on_the_even_grid() -> None:
    found, _ = kept(schedule(11), list(np.linspace(0.0, 1.0, 5001)))
    np.testing.assert_allclose(found, np.linspace(0.0, 1.0, 11), rtol=0, atol=2.1e-4)


def test_a_run_of_few_steps_keeps_them_all() -> None:
    places = [0.0, 0.1, 0.15, 0.4]
    assert kept(schedule(40), places)[0] == places


CASES = {
    "full": ({"stop": {"converted": 0.6}}, "converted fraction reached"),
    "time": ({"end": "9 min"}, "end time reached"),
    "arrest": ({"stop": {"arrest": 0.6}}, "arrest"),
}


def case(time: dict[str, Any], frames: int, by: str = "conversion") -> Config:
    """60-nm wire on 8-nm elements, some tens of steps."""
    return Config.from_mapping(coarse_case(
        geometry={"shape": "circle", "diameter": "60 nm"}, time={"end": "1 h", "max_front_advance": 0.2, **time},
        output={"frames": frames, "frames_by": by, "pictures": False}, solver={"linear": "scipy"}))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("by", ["conversion", "time"])
def test_runs_leave_the_frames_asked_for_and_step_alike(name: str, by: str, tmp_path: Path) -> None:
    time, reason = CASES[name]
    few = femanode.run(case(time, 5, by), tmp_path / "few")
    many = femanode.run(case(time, 9, by), tmp_path / "many")
    assert reason in few.manifest["stop_reason"]
    assert (len(few.frames), len(many.frames)) == (5, 9)
    assert_array_equal(few.history.to_numpy(), many.history.to_numpy())
    rows = few.history.set_index("time_s")["converted_fraction"]
    places = np.array([frame.time if by == "time" else rows[frame.time] for frame in few.frames])
    step = np.diff(few.history["time_s"] if by == "time" else few.history["converted_fraction"]).max()
    wanted = np.linspace(places[0], places[-1], 5)
    assert places[-1] == (few.history["time_s"] if by == "time" else few.history["converted_fraction"]).iloc[-1]
    assert np.abs(places - wanted).max() <= step + 0.25 * wanted[1]
    assert {p.name for p in (few.path / "frames").iterdir()} == {f.path.name for f in few.frames}
    # A file has the number of its row in the table.
    assert [few.history["time_s"][int(f.path.stem[-4:])] for f in few.frames] == few.frames.times.tolist()
