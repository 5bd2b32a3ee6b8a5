"""Facts from experiments reach the runs they speak of, and the error is what a reader would compute by hand."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from femanode.config.library import list_materials, load_material
from femanode.pictures.page.rows import MEANING
from femanode.postprocess.observations import Observation, Subject, all_observations, compare, observations_for

SILICON = Subject("Li", "Si", "cubic", 129.0, (1, 1, 0))


def fact(observed: object) -> Observation:
    return Observation("converted_fraction", observed, "", "", "A")


def test_every_fact_is_complete_and_speaks_of_a_known_figure() -> None:
    for item in all_observations():
        assert item.confidence in ("A", "B", "C")
        assert item.source
        assert item.says[0].isupper()
        assert item.quantity in MEANING or item.quantity.startswith("diameter<")
    assert len(all_observations()) > 30


def test_a_129_nm_silicon_wire_meets_the_facts_about_it() -> None:
    facts = observations_for(SILICON)
    assert [f.observed for f in facts if f.source.endswith("its [77]")] == [0.55, 5400]
    # sizes and axes that are not its own
    assert not any("140-nm" in f.says or "80 nm" in f.says or "<112>" in f.says for f in facts)
    assert any("<110>" in f.says for f in facts)


def test_diameter_ratios_of_the_112_wire() -> None:
    facts = {f.quantity: f.observed for f in observations_for(Subject("Li", "Si", "cubic", 129.0, (1, -1, 2)))}
    assert_allclose([facts["diameter<110>"], facts["diameter<111>"]], [2.62, 1.14], rtol=1e-12, atol=0)


def test_another_system_or_an_unknown_one_gets_none_of_them() -> None:
    assert {f.system["host"] for f in observations_for(Subject("Li", "Ge", "cubic", 165.0, (1, 1, 0)))} == {"Ge"}
    assert observations_for(Subject()) == []
    amorphous = observations_for(Subject("Li", "Si", "isotropic", 129.0, (1, 1, 0)))
    assert {f.system["structure"] for f in amorphous} == {"isotropic"}


@pytest.mark.parametrize(("observed", "predicted", "error", "agrees"), [
    (0.55, 0.66, 0.2, None), (0.5, 0.49, -0.02, None), ((360, 390), 351.0, -0.025, False),
    ((360, 390), 375.0, 0, True), ((360, 390), 429.0, 0.1, False),
    ({"at_least": 0.99}, 0.66, 0.66 / 0.99 - 1, False), ({"at_most": 4.0}, 2.2, 0, True),
    ("ICR", "ICR", None, True), ("ICR", "mixed", None, False), (0.55, None, None, None),
    (0.55, float("nan"), None, None)])
def test_errors_are_against_the_observation_or_the_nearer_end(observed: object, predicted: float | str | None,
                                                             error: float | None, agrees: bool | None) -> None:
    got = compare(fact(observed), predicted)
    assert got.agrees is agrees
    if error is None:
        assert got.error is None
    else:
        assert_allclose(got.error, error, rtol=1e-9, atol=1e-12)  # atol: the exact 0 within a range


def test_bundled_materials_have_observations() -> None:
    for name in list_materials():
        m = load_material(name)
        subject = Subject(m.carrier.symbol, m.host.symbol, m.host.structure, 165.0, (1, 1, 0))
        assert observations_for(subject), name


@pytest.mark.parametrize(("observed", "stage", "disputes"), [
    (0.55, "stated", True), ((290, 390), "stated", True), ("ICR", "stated", True), ({"at_most": 0.99}, "stated", False),
    ({"at_least": 0.99}, "stated", False), (2.62, "unstated", False)])
def test_only_what_could_contradict_from_either_side_can_agree(observed: object, stage: str, disputes: bool) -> None:
    fact = Observation("converted_fraction", observed, "says", "source", "A", stage=stage)
    assert fact.disputes is disputes


def test_facts_whose_caution_says_that_the_stage_is_not_known_say_so_to_the_page_as_well() -> None:
    cautious = [fact for fact in all_observations() if "unstated stage" in fact.caution or "stage and" in fact.caution]
    assert len(cautious) >= 3
    assert all(fact.stage == "unstated" for fact in cautious)
