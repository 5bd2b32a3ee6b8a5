"""citations: every source names what it was read in, or says why it names nothing; the entries are BibTeX."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pybtex.database import parse_string

import femanode.materials
from femanode.config.citations import BARE, bibliography, citations, cited, cited_by_material, grounded
from femanode.config.library import describe, list_inert, list_materials
from femanode.postprocess.observations import all_observations

MATERIALS = [*list_materials(), *list_inert()]
FILE = Path(femanode.materials.__file__).parent / "bibliography.bib"
ENTRIES = parse_string(FILE.read_text(encoding="utf-8"), "bibtex").entries


def test_the_file_is_bibtex_and_is_cut_into_its_entries() -> None:
    # an independent parser finds the same keys in the same order
    assert list(bibliography()) == list(ENTRIES)
    for key, text in bibliography().items():
        assert list(parse_string(text, "bibtex").entries) == [key]


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_says_who_what_where_and_when(key: str) -> None:
    entry = ENTRIES[key]
    assert entry.persons["author"]
    assert entry.fields["title"]
    assert entry.fields.get("journal") or entry.fields.get("publisher")
    assert 1900 < int(entry.fields["year"]) < 2100
    assert entry.fields["year"] in key
    if "doi" in entry.fields:
        assert entry.fields["doi"].startswith("10.")


@pytest.mark.parametrize("name", MATERIALS)
def test_every_source_of_a_material_resolves(name: str) -> None:
    rows = [row for row in describe(name) if row.path not in ("name", "kind")]
    assert rows
    for row in rows:
        assert grounded(row.source), row
        # what was read, was read in something
        assert row.confidence != "A" or cited(row.source) or row.source.startswith("by definition"), row


def test_every_source_of_an_observation_resolves() -> None:
    for fact in all_observations():
        assert grounded(fact.source), fact
        assert fact.confidence != "A" or cited(fact.source), fact


def test_every_entry_is_used() -> None:
    sources = [row.source for name in MATERIALS for row in describe(name)]
    used = {key for source in [*sources, *(f.source for f in all_observations())] for key in cited(source)}
    assert used == set(ENTRIES)


@pytest.mark.parametrize(("source", "keys"), [
    ("[@a1; @b-2], its [77]", ["a1", "b-2"]), ("see [1, 2] and a@b.org", []), ("one [@x], two [@y_z]", ["x", "y_z"])])
def test_keys_are_read_from_brackets_with_an_at_sign(source: str, keys: list[str]) -> None:
    assert cited(source) == keys


def test_a_source_without_entry_says_why() -> None:
    assert all(grounded(f"{word}: because") for word in BARE)
    assert not grounded("the review, moduli of Li/Si")
    assert not grounded("estimated: as others have it [@nobody1900]")


def test_citations_are_whole_entries_each_once_with_what_for() -> None:
    text = citations([("host.volume", "[@chen2014phasefield]"), ("a", "estimated: x"), ("b", "[@mine2020]"),
                      ("front.rates", "Table I [@chen2014phasefield; @zhang2016variational]")])
    entries = parse_string(text, "bibtex").entries  # also with what it does not know: that is a comment
    assert set(entries) == {"chen2014phasefield", "zhang2016variational"}
    assert entries["chen2014phasefield"].fields["doi"] == "10.1149/2.0171411jes"
    assert "% host.volume, front.rates\n@article{chen2014phasefield," in text
    assert "% b: mine2020 is not in femanode's bibliography" in text
    assert citations([]) == ""


def test_moduli_flow_stress_and_toughness_are_not_said_to_be_in_the_review() -> None:
    for name in ("Li-Si", "Li-Ge"):
        for row in describe(name):
            if row.path.startswith(("mechanics", "fracture")):
                assert "choi2021anodes" not in row.source
    silicon = parse_string(cited_by_material("Li-Si"), "bibtex").entries
    assert {"chen2014phasefield", "sethuraman2010stress", "zhang2016variational"} <= set(silicon)
    assert io.StringIO(cited_by_material("Li-Si")).readline().startswith("% ")
