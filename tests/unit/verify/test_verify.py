"""Verification machinery: what counts as passed, what the command says, and that the page is the saved result's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner

from femanode.cli.commands import app
from femanode.errors import ConfigError
from femanode.verify import catalogue
from femanode.verify.case import GROUPS, Case, Check, Findings, Shortfall, Table, bound, order, orders, rates
from femanode.verify.catalogue import CASES, run_case, select
from femanode.verify.page import page, save

DOCS = Path(__file__).parents[3] / "docs"


def test_names_are_unique_and_groups_known() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.group for case in CASES} <= set(GROUPS)


def test_the_page_is_that_of_the_saved_result() -> None:
    saved = json.loads((DOCS / "verification.json").read_text(encoding="utf-8"))
    assert [case["name"] for case in saved["cases"]] == [case.name for case in CASES], "run femanode verify --save docs"
    assert (DOCS / "verification.md").read_text(encoding="utf-8") == page(saved), "run femanode verify --save docs"


def test_the_saved_result_is_full_and_its_figures_are_there() -> None:
    for case in json.loads((DOCS / "verification.json").read_text(encoding="utf-8"))["cases"]:
        assert case["full"], case["name"]
        for name in case.get("figures", []):
            assert (DOCS / "verification" / f"{name}.png").is_file()
            assert (DOCS / "verification" / f"{name}.csv").is_file()


@pytest.mark.parametrize(("expected", "got", "tolerance", "absolute", "passed"), [
    (2.0, 2.02, 0.011, False, True), (2.0, 1.98, 0.011, False, True), (2.0, 2.03, 0.011, False, False),
    (-2.0, -2.03, 0.011, False, False), (0.0, 1e-9, 1e-8, True, True), (0.0, -1e-7, 1e-8, True, False),
    (1.0, float("nan"), 1e9, False, False), (0.0, float("inf"), 1.0, True, False)])
def test_tolerances_are_two_sided(expected: float, got: float, tolerance: float, absolute: bool, passed: bool) -> None:
    assert Check("x", expected, got, tolerance, "", absolute=absolute).passed is passed


def test_an_order_that_is_too_high_fails_too() -> None:
    # 1/2, 1/4, 1/8 per halving: orders 1, 2, 3
    assert rates([64.0, 32.0, 8.0, 1.0]) == pytest.approx([1.0, 2.0, 3.0])
    assert not order("o", 2.0, 2.6, 0.5, "").passed
    assert not order("o", 2.0, 1.4, 0.5, "").passed


@pytest.mark.parametrize(("got", "verdict"), [(1.05, "ok"), (1.15, "short"), (0.85, "short"), (1.25, "failed"),
                                              (float("nan"), "failed")])
def test_a_known_shortfall_is_told_and_has_its_own_bound(got: float, verdict: str) -> None:
    assert Check("x", 1.0, got, 0.1, "", known=Shortfall(0.2, "coarse")).verdict == verdict
    assert Check("x", 1.0, got, 0.1, "").verdict == ("ok" if verdict == "ok" else "failed")


@pytest.mark.parametrize(("sense", "got", "passed"), [("at most", 2.0, True), ("at most", 2.01, False),
                                                      ("at least", 1.99, False), ("at least", 70.0, True),
                                                      ("at most", float("nan"), False)])
def test_a_bound_holds_on_one_side(sense: Literal["at most", "at least"], got: float, passed: bool) -> None:
    assert bound("x", sense, 2.0, got, "").passed is passed


def test_the_finest_pair_of_meshes_must_be_nearest_to_the_order() -> None:
    assert [o.passed for o in orders(["a", "b", "c"], 2.0, [1.51, 2.49, 1.76], "")] == [True, True, True]
    assert [o.passed for o in orders(["a", "b", "c"], 2.0, [1.49, 2.51, 1.74], "")] == [False, False, False]


def test_no_tolerance_of_the_page_is_without_a_reason() -> None:
    for case in json.loads((DOCS / "verification.json").read_text(encoding="utf-8"))["cases"]:
        for check in case["checks"]:
            assert len(check["why"]) > 6, (case["name"], check["what"])
            assert check["verdict"] != "failed", (case["name"], check["what"])
            assert check["verdict"] == "ok" or len(check["known"]) > 20, (case["name"], check["what"])


def broken(full: bool) -> Findings:
    raise RuntimeError("no mesh")


def fake(name: str, got: float) -> Case:
    table = Table({"x": [1.0, 2.0], "got": [1.0, got]}, "x", (), ("got",))
    return Case(name, "law", "one is one", "counting", "two",
                lambda full: Findings((Check("one", 1.0, got, 0.1, "rounding"),), {f"{name}_table": table}))


def test_a_case_that_breaks_off_has_failed_and_says_why() -> None:
    result, _ = run_case(Case("b", "law", "c", "s", "m", broken), False)
    assert not result["passed"]
    assert "RuntimeError: no mesh" in result["checks"][0]["what"]


def test_unknown_name_lists_the_cases() -> None:
    with pytest.raises(ConfigError, match=r"found 'nothing'.*hill-cylinder"):
        select("nothing")
    assert {case.group for case in select("law")} == {"law"}


def test_the_command_fails_when_a_case_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cases = (fake("good", 1.05), fake("bad", 1.2))
    monkeypatch.setattr(catalogue, "CASES", cases)
    monkeypatch.setattr("femanode.verify.page.CASES", cases)
    done = CliRunner().invoke(app, ["verify", "--save", str(tmp_path)])
    assert done.exit_code == 1
    assert "FAIL  one: expected 1  got 1.2  error +20 % (allowed 10 %)" in done.stdout
    assert "1 of 2 cases passed" in done.stdout
    assert "source: counting" in done.stdout
    text = (tmp_path / "verification.md").read_text(encoding="utf-8")
    assert "**FAILED**" in text
    assert (tmp_path / "verification" / "bad_table.png").is_file()
    assert (tmp_path / "verification" / "good_table.csv").read_text() == "x,got\n1,1\n2,1.05\n"
    assert CliRunner().invoke(app, ["verify", "good"]).exit_code == 0
    out = CliRunner().invoke(app, ["verify", "bad", "--json"])
    assert json.loads(out.stdout)["cases"][0]["checks"][0]["error"] == pytest.approx(0.2)
    assert out.exit_code == 1


def test_what_falls_short_as_known_is_listed_and_does_not_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check = Check("one", 1.0, 1.15, 0.1, "rounding", known=Shortfall(0.2, "too coarse"))
    cases = (Case("s", "law", "one is one", "counting", "two", lambda full: Findings(
        (check, bound("share", "at least", 0.1, 0.65, "or nothing is shown")))),)
    monkeypatch.setattr(catalogue, "CASES", cases)
    monkeypatch.setattr("femanode.verify.page.CASES", cases)
    done = CliRunner().invoke(app, ["verify", "--save", str(tmp_path)])
    assert done.exit_code == 0
    assert "SHORT one: expected 1  got 1.15  error +15 % (allowed 10 %)\n        known: too coarse" in done.stdout
    assert "ok    share: expected at least 0.1  got 0.65\n" in done.stdout
    assert "known to fall short of their tolerance: 1 of s" in done.stdout
    text = (tmp_path / "verification.md").read_text(encoding="utf-8")
    assert "| one | 1 | 1.15 | +15 % **short** | 10 % | rounding |" in text
    assert "| s | one | +15 % | 10 % | too coarse |" in text
    assert "1 within their tolerance, 1 known to fall short of it, 0 failed" in text
    # a bound has no error, and is none of the largest ones
    assert "| share | at least 0.1 | 0.65 |  |  | or nothing is shown |" in text
    assert text.count("| share |") == 1


def test_saving_one_case_keeps_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cases = (fake("good", 1.05), fake("bad", 1.2))
    monkeypatch.setattr("femanode.verify.page.CASES", cases)
    for case in reversed(cases):
        result, tables = run_case(case, True)
        save(tmp_path, [result], {case.name: tables})
    saved = json.loads((tmp_path / "verification.json").read_text(encoding="utf-8"))
    assert [c["name"] for c in saved["cases"]] == ["good", "bad"]
    assert (tmp_path / "verification.md").read_text(encoding="utf-8") == page(saved)
