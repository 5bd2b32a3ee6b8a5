"""Necks and tears of the skin: prescribed stretches with known thinning, and runs that end at a tear."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

import femanode
from femanode.cli.brief import describe_result
from femanode.config.loading import Config
from femanode.pictures.curves import describe_frames
from femanode.pictures.page.chartcase import Case
from femanode.pictures.page.rows import merits
from femanode.postprocess.necks import Rim, Skin, even_skin, figures_after, whole_rim
from femanode.postprocess.runfacts import RunFacts
from tests.fronts import coarse_case

Array = NDArray[np.float64]

R, GROWN = 64.5, 90.0


def stretched(k: float, at: float, spacing: float = 0.25, sector: str = "full", converted: float = 1.0,
              axial: float = 1.0) -> Rim:
    """A grown circle whose surface over 10 degrees about ``at`` (degrees) and its mirror images is stretched k-fold,
    at the expense of the rest: the closed length stays."""
    theta = np.arange(0.0, {"quarter": 90.0 + 1e-9, "half": 180.0 + 1e-9, "full": 360.0}[sector], spacing)
    middles = sorted({at % 360, -at % 360, (180 - at) % 360, (180 + at) % 360})
    rest = (360.0 - 10.0 * len(middles) * k) / (360.0 - 10.0 * len(middles))
    fine = np.arange(-360.0, 720.0 + 1e-9, 0.25)
    inside = np.any([np.abs((0.5 * (fine[1:] + fine[:-1]) - m + 180) % 360 - 180) < 5 for m in middles], axis=0)
    turned = np.concatenate([[0.0], np.cumsum(np.where(inside, k, rest) * 0.25)])
    phi = np.interp(theta, fine, turned - np.interp(0.0, fine, turned))
    circle = [np.stack([np.cos(np.radians(a)), np.sin(np.radians(a))]) for a in (theta, phi)]
    return whole_rim(R * circle[0], GROWN * circle[1], np.full(len(theta), converted), sector, axial)


def skin_of(stretches: Array, *, at: float = 30.0, sector: str = "full", spacing: float = 0.25) -> Skin:
    """The skin after stretches that begin at the fraction and time 0 and rise by 0.01 and 2 s each."""
    skin = even_skin(sector)
    for n, k in enumerate(stretches):
        skin = skin.after(stretched(k, at, spacing, sector), 2.0 * n, 0.01 * n)
    return skin


def test_a_neck_and_a_tear_come_at_the_stretch_that_halves_and_quarters_the_skin() -> None:
    # four necks: elsewhere the skin is stretched by (360 - 40 k)/320, which is half of k where k = 720/(320 + 80)
    stretches = np.exp(np.linspace(0.0, np.log(5.0), 41))
    skin = skin_of(stretches)
    assert skin.neck is not None
    assert skin.torn is not None
    steps = np.log(stretches)
    # between steps by straight lines of the logarithm; chords of a quarter of a degree shorten it by 1e-5
    wanted = [0.01 * np.interp(np.log(k), steps, np.arange(41)) for k in (1.8, 4.0)]
    assert_allclose([skin.neck.converted_fraction, skin.torn.converted_fraction], wanted, rtol=0, atol=2e-4)
    assert_allclose(skin.torn.time_s, 200.0 * skin.torn.converted_fraction, rtol=1e-12, atol=0)
    assert_allclose(skin.thinning, np.log(5.0), rtol=1e-4, atol=0)
    assert skin.stage == 2
    assert_allclose([skin.neck.reference_x_nm, skin.neck.reference_y_nm],
                    [R * np.cos(np.radians(30)), R * np.sin(np.radians(30))], rtol=0, atol=1e-3)
    assert_allclose(np.hypot(skin.neck.x_nm, skin.neck.y_nm), GROWN, rtol=1e-3, atol=0)


@pytest.mark.parametrize(("at", "sector"), [
    (30.0, "quarter"), (90.0, "quarter"), (0.0, "quarter"), (30.0, "half"), (0.0, "half")])
def test_a_sector_tells_what_the_full_section_tells(at: float, sector: str) -> None:
    # also where the neck sits on a mirror, so that half of its gauge is an image
    stretches = np.exp(np.linspace(0.0, np.log(3.0), 21))
    part, whole = skin_of(stretches, at=at, sector=sector), skin_of(stretches, at=at)
    assert part.neck is not None
    assert whole.neck is not None
    assert_allclose(part.thinning, np.log(3.0), rtol=1e-4, atol=0)
    assert_allclose(part.neck.converted_fraction, whole.neck.converted_fraction, rtol=0.02, atol=0)


def test_the_size_of_the_elements_does_not_matter() -> None:
    stretches = np.exp(np.linspace(0.0, np.log(5.0), 41))
    fine, coarse = skin_of(stretches, spacing=0.25), skin_of(stretches, spacing=5.0)
    assert fine.neck is not None
    assert coarse.neck is not None
    # chords of 5 degrees, stretched fivefold, are 0.8 % short at the end
    assert_allclose(coarse.neck.converted_fraction, fine.neck.converted_fraction, rtol=0.02, atol=0)
    assert_allclose(coarse.thinning, fine.thinning, rtol=0.01, atol=0)


def test_even_growth_and_what_came_before_reaction_make_no_neck() -> None:
    # a uniform skin thins by the growth of the wire and its length alike: ln(3 x 1.2), and nowhere more
    even = even_skin("full")
    for n, growth in enumerate(np.linspace(1.0, 3.0, 21)):
        ring = stretched(1.0, 30.0)
        even = even.after(Rim(ring.angle, ring.reference, growth * ring.deformed, ring.converted, 1.0 + 0.01 * n),
                          float(n), 0.01 * n)
    assert_allclose([even.thinning, even.excess], [np.log(3.0 * 1.2), 0.0], rtol=1e-9, atol=1e-9)
    assert (even.neck, even.torn, even.stage) == (None, None, 0)
    assert figures_after(even) == []
    # stretched fivefold while it reacts, not at all afterwards
    early = even_skin("full").after(stretched(1.0, 30.0, converted=0.5), 0.0, 0.0)
    for n in range(1, 4):
        early = early.after(stretched(5.0, 30.0), float(n), 0.1 * n)
    assert_allclose([early.thinning, early.excess], 0.0, rtol=0, atol=1e-12)


def test_a_checkpoint_keeps_all_of_it() -> None:
    for k in (1.2, 3.0, 5.0):
        skin = skin_of(np.linspace(1.0, k, 11))
        part = skin.part()
        again = even_skin("full").restored(type(part)(part.arrays, json.loads(json.dumps(part.data))))
        assert again.stage == skin.stage
        assert (again.events(), again.excess, again.thinning) == (skin.events(), skin.excess, skin.thinning)
        further = [one.after(stretched(6.0, 30.0), 99.0, 0.9) for one in (skin, again)]
        assert further[0].events() == further[1].events()


ALONG_110 = {"axis": [1, 1, 0], "in_plane": [1, -1, 0]}


def torn_case(*, torn: bool = True, end: str = "30 min") -> Config:
    """A strongly driven <110> wire on coarse elements, seconds of work; without the stop it converts further."""
    return Config.from_mapping(coarse_case(
        overrides={"front.equilibrium_potential": "0.25 V"}, front={"half_thickness": "6 nm"}, crystal=ALONG_110,
        mesh={"element_size": "3 nm"}, time={"end": end, "stop": {"torn": torn, "converted": 0.8}},
        output={"frames": 8, "pictures": False, "checkpoint": "1 ms"}, solver={"linear": "scipy"}))


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> femanode.Result:
    return femanode.run(torn_case(), tmp_path_factory.mktemp("runs") / "torn")


def test_a_run_ends_where_the_skin_tears(torn: femanode.Result) -> None:
    s, history = torn.summary, torn.history
    assert s["stop_reason"] == torn.manifest["stop_reason"] == "skin torn"
    assert s["self_limited"] is False
    assert history["after_neck"].iloc[-1] == 2
    assert set(history["after_neck"].iloc[:-1]) == {0, 1}
    assert history["skin_thinning"].iloc[-1] >= 2 * np.log(2) > history["skin_thinning"].iloc[-2]
    for name, column, limit in (("neck", "skin_thinning_excess", np.log(2)), ("torn", "skin_thinning", 2 * np.log(2))):
        event = s[name]
        assert torn.manifest[name] == event
        first = int(np.argmax(history[column] >= limit))
        before, after = history["converted_fraction"].iloc[first - 1], history["converted_fraction"].iloc[first]
        assert before < event["converted_fraction"] <= after
        assert np.hypot(event["reference_x_nm"], event["reference_y_nm"]) == pytest.approx(64.5, rel=1e-3)
    assert s["neck"]["converted_fraction"] < s["torn"]["converted_fraction"]
    assert len(s["warnings"]) >= 1
    assert "counts as torn" in s["warnings"][0]


def test_figures_read_after_a_neck_are_marked_for_readers(torn: femanode.Result) -> None:
    assert {"anisotropy_ratio", "hoop_surface_max_GPa", "crack_risk"} <= set(torn.summary["figures_after_neck"])
    rows = {row.name: row.values[0] for row in merits([Case(RunFacts(torn), "torn")])}
    assert rows["Largest over smallest diameter"].endswith("(after the tear)")
    assert not rows["Converted"].endswith(")")
    event = torn.summary["torn"]
    per_cent, *_, y = rows["Skin torn"].removeprefix("at ").removesuffix(" nm").split(" ")
    assert_allclose([float(per_cent), float(y)], [100 * event["converted_fraction"], event["y_nm"]], rtol=0, atol=0.05)
    assert "after the tear, where several solutions exist: largest over smallest diameter" in describe_result(torn)
    describe = describe_frames(torn)
    assert describe(float(torn.frames.times[-1])).endswith("converted, torn")
    assert describe(0.0).endswith("converted")


def test_a_tear_in_the_last_step_before_the_end_counts(torn: femanode.Result, tmp_path: Path) -> None:
    last = float(torn.history["time_s"].iloc[-1]) * (1.0 - 1e-9)
    result = femanode.run(torn_case(end=f"{last!r} s"), tmp_path / "run")
    assert result.history["time_s"].iloc[-1] == last
    assert result.summary["stop_reason"] == "skin torn"


def test_without_the_stop_the_run_goes_on_and_the_tear_is_told(torn: femanode.Result, tmp_path: Path) -> None:
    further = femanode.run(torn_case(torn=False), tmp_path / "run")
    assert further.summary["stop_reason"] == "converted fraction reached"
    assert further.summary["torn"] == torn.summary["torn"]


def neck_of(tmp_path: Path, **sections: object) -> tuple[float | None, float]:
    """Converted fraction at the neck, None without one, and the largest excess of thinning."""
    result = femanode.run(Config.from_mapping(coarse_case(**{
        "output": {"frames": 2, "pictures": False}, "time": {"end": "2 h", "stop": {"converted": 0.6}},
        "front": {"half_thickness": "6 nm"}, "mesh": {"element_size": "6 nm"}, "solver": {"linear": "scipy"},
        **sections})), tmp_path / "run")
    neck = result.summary["neck"]
    return None if neck is None else neck["converted_fraction"], float(result.history["skin_thinning_excess"].max())


def test_a_round_wire_does_not_neck_and_an_anisotropic_one_does_at_one_fraction_on_two_meshes(tmp_path: Path) -> None:
    driven = {"front.equilibrium_potential": "0.25 V"}
    found, _ = zip(*(neck_of(tmp_path / size, overrides=driven, mesh={"element_size": size}, crystal=ALONG_110)
                     for size in ("3 nm", "2 nm")), strict=True)
    assert found[0] is not None
    assert found[1] is not None
    # a step of so coarse a front converts 0.02 to 0.03, and the place of a lobe's edge is known to one or two
    assert_allclose(found[0], found[1], rtol=0, atol=0.05)
    neck, excess = neck_of(tmp_path / "round", overrides={
        **driven, "front.rates": {"isotropic": "0.05 nm/s"}, "transport.diffusivity": "1e-6 cm^2/s"})
    assert neck is None
    assert excess < 0.1 * np.log(2)


class Broken(Exception):
    """What a test stops a run with."""


@pytest.mark.parametrize("stage", [0, 1])
def test_a_run_resumed_before_or_after_the_neck_tears_in_the_same_place(
        torn: femanode.Result, tmp_path: Path, stage: int) -> None:
    steps, count = int(np.flatnonzero(torn.history["after_neck"] == stage)[-1]), [0]

    def report(_: object) -> None:
        count[0] += 1
        if count[0] == steps:
            raise Broken

    with pytest.raises(Broken):
        femanode.run(torn_case(), tmp_path / "run", report=report)
    assert (femanode.Result(tmp_path / "run").summary["neck"] is None) == (stage == 0)
    again = femanode.run(torn_case(), tmp_path / "run", resume=True)
    assert again.summary["stop_reason"] == "skin torn"
    for name in ("neck", "torn"):
        assert again.summary[name]["criterion"] == torn.summary[name]["criterion"]
        for key in ("time_s", "converted_fraction", "x_nm", "y_nm"):
            assert_allclose(again.summary[name][key], torn.summary[name][key], rtol=1e-9, atol=1e-9, err_msg=key)
    for column in ("skin_thinning", "skin_thinning_excess", "after_neck"):
        assert_allclose(again.history[column], torn.history[column], rtol=1e-9, atol=1e-9)
    # torn is final: a later end does not lead on
    assert femanode.run(torn_case(end="60 min"), tmp_path / "run", resume=True).was_finished
