"""materials: the bundled numbers against lattice constants, Faraday's law and the literature's values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import femanode.materials
from femanode.config.library import describe, list_materials, load_material
from femanode.config.loading import Config
from femanode.config.material import Material, material_mapping, miller_key
from femanode.config.yamlio import load_yaml
from femanode.errors import ConfigError
from femanode.units import E_CHARGE, FARADAY_MAH


def test_bundled_names() -> None:
    new = {"Li-a-Si", "Na-a-Ge", "Na-Sn", "Na-Sb", "Li-SnO2", "Li-ZnO", "Na-Sb2O3", "Li-Bi2O3", "Na-Sb2S3", "Li-P",
           "Na-P", "Na-SnO2", "Na-SnS2"}
    assert {"Li-Si", "Li-Ge"} | new <= set(list_materials())
    for name in list_materials():
        assert load_material(name).name == name


def test_lithium_silicon_numbers() -> None:
    m = load_material("Li-Si")
    assert m.host.volume == pytest.approx(0.5431**3 / 8, rel=1e-3)  # lattice constant 5.431 A
    assert m.front.rates == {"100": 0.02, "110": 0.12, "111": 0.01}
    assert m.content.x_front / m.content.x_max == pytest.approx(0.6)
    assert m.transport.diffusivity.value == (510.0,)  # 5.1e-12 cm^2/s in nm^2/s
    # Reaction energy less e phi at 10 mV, first plateau at 0.11 V: -0.10 eV per Li
    assert -E_CHARGE * (m.front.equilibrium_potential - 0.01) == pytest.approx(-0.10 * 0.1602176634)
    # Volume per Li, beta V_host / x_max: 14.9 A^3
    assert m.swelling.expansion * m.host.volume / m.content.x_max == pytest.approx(0.0149, rel=5e-3)
    assert (m.mechanics.host.youngs_modulus, m.mechanics.reacted.youngs_modulus) == (160.0, 40.0)
    assert (m.mechanics.host.poisson_ratio, m.mechanics.reacted.poisson_ratio) == (0.22, 0.24)
    assert m.mechanics.host.yield_stress.value == (7.0,)
    assert m.mechanics.reacted.yield_stress.value == (1.0,)
    assert m.mechanics.reacted.rate_sensitivity is None
    assert m.fracture.energy == 10.0
    assert m.front.half_thickness == 0.5


def test_lithium_germanium_is_diffusion_controlled() -> None:
    m = load_material("Li-Ge")
    assert m.host.volume == pytest.approx(0.5658**3 / 8, rel=1e-3)  # lattice constant 5.658 A
    assert m.front.rates["110"] / m.front.rates["111"] == pytest.approx(1.1, rel=1e-2)
    # k R / D for a 165-nm wire
    damkohler = m.front.rates["110"] * 82.5 / m.transport.diffusivity.value[0]
    assert damkohler == pytest.approx(30, rel=0.02)
    assert m.mechanics.reacted.yield_stress.content == (0.0, 1.0)
    assert m.mechanics.reacted.yield_stress.value == (0.76, 0.3)
    assert 1 + m.swelling.expansion == pytest.approx(3.43, abs=0.03)


@pytest.mark.parametrize(("name", "volume"), [
    # A^3 per atom or formula unit: lattice constants in A over what a cell holds; amorphous hosts 2 % above the crystal
    ("Li-a-Si", 1.02 * 5.431**3 / 8), ("Na-a-Ge", 1.02 * 5.658**3 / 8), ("Na-Sn", 5.832**2 * 3.182 / 4),
    ("Na-Sb", 3**0.5 / 2 * 4.307**2 * 11.27 / 6), ("Li-SnO2", 4.737**2 * 3.186 / 2),
    ("Li-ZnO", 3**0.5 / 2 * 3.2495**2 * 5.2069 / 2)])
def test_volume_of_a_host_follows_from_its_lattice(name: str, volume: float) -> None:
    assert 1e3 * load_material(name).host.volume == pytest.approx(volume, rel=5e-3)


@pytest.mark.parametrize(("name", "products"), [
    # A^3 of the products of one formula unit, from densities: Li2O 2.013, Na2S 1.856 g/cm^3; from
    # lattice constants: Na2O 5.55 A, four per cell; LiZn 29.9, Li3Bi 75.9, Na3Sb 118.6 A^3
    ("Li-ZnO", 29.881 / 2.013 / 0.602214 + 29.9), ("Li-Bi2O3", 3 * 29.881 / 2.013 / 0.602214 + 2 * 75.9),
    ("Na-Sb2O3", 3 * 5.55**3 / 4 + 2 * 118.6), ("Na-Sb2S3", 3 * 78.045 / 1.856 / 0.602214 + 2 * 118.6),
    # Na15Sn4: I-43d, 13.14 A, 16 Sn per cell; Na3P: 4.980 by 8.797 A, Li3P: 4.264 by 7.579 A, hexagonal, two per cell
    ("Na-Sb", 118.6), ("Na-SnO2", 2 * 5.55**3 / 4 + 13.14**3 / 16),
    ("Na-SnS2", 2 * 78.045 / 1.856 / 0.602214 + 13.14**3 / 16),
    ("Na-P", 3**0.5 / 4 * 4.980**2 * 8.797), ("Li-P", 3**0.5 / 4 * 4.264**2 * 7.579)])
def test_swelling_is_that_of_the_products_volumes(name: str, products: float) -> None:
    m = load_material(name)
    assert 1.0 + m.swelling.full == pytest.approx(1e-3 * products / m.host.volume, rel=0.02)


def test_tin_swells_by_60_per_cent_at_the_front_and_420_in_all() -> None:
    m = load_material("Na-Sn")
    assert m.swelling.expansion == 4.2
    assert m.swelling.expansion * m.content.x_front / m.content.x_max == pytest.approx(0.60, abs=0.02)


def test_conversion_takes_two_alkali_ions_per_oxygen_or_sulfur() -> None:
    for name, anions in (("Li-SnO2", 2), ("Li-ZnO", 1), ("Na-Sb2O3", 3), ("Li-Bi2O3", 3), ("Na-Sb2S3", 3),
                         ("Na-SnO2", 2), ("Na-SnS2", 2)):
        assert load_material(name).content.x_front == load_material(name).content.x_locked == 2 * anions


PHASES = {  # volumes in A^3, Young's modulus in GPa and Poisson's ratio: after conversion, and full, per formula unit
    "Li-SnO2": (((2 * 24.64, 150, 0.19), (27.05, 50, 0.36)), ((2 * 24.64, 150, 0.19), (96.7, 28.6, 0.25))),
    "Li-ZnO": (((24.64, 150, 0.19), (15.2, 108, 0.25)), ((24.64, 150, 0.19), (29.9, 70, 0.25))),
    "Na-Sb2O3": (((3 * 42.74, 80, 0.25), (60.36, 55, 0.37)), ((3 * 42.74, 80, 0.25), (237.2, 20, 0.3))),
    "Li-Bi2O3": (((3 * 24.64, 150, 0.19), (70.8, 32, 0.33)), ((3 * 24.64, 150, 0.19), (151.8, 30, 0.3))),
    "Na-SnO2": (((2 * 42.74, 80, 0.25), (27.05, 50, 0.36)), ((2 * 42.74, 80, 0.25), (141.7, 12.5, 0.3)))}


@pytest.mark.parametrize("name", PHASES)
def test_oxides_swell_and_soften_in_two_steps_as_their_phases_do(name: str) -> None:
    m = load_material(name)
    y = m.content.x_front / m.content.x_max
    for content, phases in zip((y, 1.0), PHASES[name], strict=True):
        volume = sum(V for V, _, _ in phases)
        # Hill: the mean of Voigt's and Reuss' moduli by volume, bulk and shear apart
        K = [(V / volume, E / (3 * (1 - 2 * nu))) for V, E, nu in phases]
        G = [(V / volume, E / (2 * (1 + nu))) for V, E, nu in phases]
        k, g = (0.5 * (sum(f * c for f, c in parts) + 1 / sum(f / c for f, c in parts)) for parts in (K, G))
        table, stiffness = m.swelling.expansion, m.mechanics.reacted.youngs_modulus
        found = np.interp(content, stiffness.content, stiffness.value)
        assert found == pytest.approx(9 * k * g / (3 * k + g), rel=0.06)
        if content < 1.0 or name != "Li-SnO2":  # whose full volume is measured, 2.4, not that of the lattices, 3.08
            assert 1.0 + np.interp(content, table.content, table.value) == pytest.approx(
                1e-3 * volume / m.host.volume, rel=0.02)
    # the matrix, which carries, is weaker than 0.1 GPa or as weak
    assert m.mechanics.reacted.yield_stress.value[0] <= 0.1


@pytest.mark.parametrize(("spoil", "message"), [
    ({"range": ["0.12 V", "0.10 V"]}, r"range: found \[0.12 V, 0.10 V\]; allowed: two values as .*around '0.11 V'"),
    ({"range": ["0.12 V", "0.13 V"]}, "range: found .*the lower first"),
    ({"range": ["0.1 GPa", "0.2 GPa"]}, "range: found"), ({"range": [0.1, 0.2]}, "range: found"),
    ({"range": "0.1 V"}, "range: found '0.1 V'"),
    ({"fitted_to": "regime"}, "fitted_to: found 'regime'; allowed: a list"), ({"fitted_to": [1]}, "fitted_to: found")])
def test_a_range_that_is_none_is_refused(spoil: dict[str, object], message: str) -> None:
    raw = lithium_silicon()
    raw["front"]["equilibrium_potential"] = {"value": "0.11 V", "source": "a plateau", **spoil}
    with pytest.raises(ConfigError, match=f"equilibrium_potential.{message}") as caught:
        load_material(raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("end", "found"), [
    ({"content": [0, "1scipy"], "value": ["1 GPa", "2 GPa"]}, "'1scipy'"), ("1 GPa", "'1 GPa'"),
    ({"content": [0, 1], "value": ["1 GPa", "2 V"]}, "'2 V'"), ({"content": 0, "value": ["1 GPa", "2 GPa"]}, "0"),
    ({"content": [0, 1], "value": ["1 GPa", True]}, "true"), ({"content": [0, 1]}, "a mapping"), (None, "null"),
    ({"content": [0], "value": ["1 GPa", "2 GPa"]}, "a mapping"), ({"content": [], "value": ["1 GPa"]}, "a mapping"),
    ({"content": [0, 10], "value": ["1 GPa", "2 GPa"]}, "a mapping")])
def test_an_end_that_is_not_written_as_its_table_is_refused(end: object, found: str) -> None:
    raw = lithium_silicon()
    table = {"content": [0, 0.4, 1], "value": ["100 GPa", "70 GPa", "40 GPa"]}
    low = {"content": [0, 1], "value": ["90 GPa", "30 GPa"]}
    raw["mechanics"]["reacted"]["youngs_modulus"] = {"value": table, "source": "x", "range": [low, low]}
    assert load_material(raw).mechanics.reacted.youngs_modulus
    assert [row.range for row in describe(raw) if row.path.endswith("reacted.youngs_modulus")] == [
        "90 GPa at 0, 30 GPa at 1 to 90 GPa at 0, 30 GPa at 1"]
    raw["mechanics"]["reacted"]["youngs_modulus"]["range"] = [low, end]
    with pytest.raises(ConfigError, match=f"youngs_modulus.range: found {found}; allowed: two values as that"):
        load_material(raw)


@pytest.mark.parametrize("value", ["1 GPa", {"name": "Li-Si"}])
def test_a_material_as_a_whole_has_no_source(value: object) -> None:
    with pytest.raises(ConfigError, match="found an unknown key 'value'"):
        load_material({"value": value, "source": "a table"})


@pytest.mark.parametrize("name", list_materials())
def test_both_ends_of_every_range_make_a_material(name: str) -> None:
    provenance = load_material(name).provenance
    for path, origin in provenance.items():
        for end in origin.range or ():
            base = {"name": "end", "geometry": {"shape": "circle", "diameter": "60 nm"}, "material": name,
                    "time": {"end": "1 s"}, "crystal": {"axis": [0, 0, 1]}, "overrides": {path: end}}
            assert Config.from_mapping(base).material.name == name


def test_ranges_are_shown_and_kept() -> None:
    rows = {row.path: row for row in describe("Li-Si")}
    assert rows["front.equilibrium_potential"].range == "0.10 V to 0.12 V"
    assert rows["front.half_thickness"].range == ""
    material = load_material("Li-Si")
    again = Material.model_validate(material_mapping(material))
    assert again.provenance["front.equilibrium_potential"].range == ("0.10 V", "0.12 V")
    assert again.provenance["front.rates.110"].fitted_to == ("arrest_time_s",)


def test_antimonys_rates_differ_by_more_than_two() -> None:
    rates = load_material("Na-Sb").front.rates.values()
    assert max(rates) > 2.0 * min(rates)


@pytest.mark.parametrize(("name", "molar_mass"), [
    ("Li-Si", 28.0855), ("Li-a-Si", 28.0855), ("Li-Ge", 72.630), ("Na-a-Ge", 72.630), ("Na-Sn", 118.710),
    ("Na-Sb", 121.760), ("Li-SnO2", 150.708), ("Li-ZnO", 81.379), ("Na-Sb2O3", 291.517), ("Li-Bi2O3", 465.958),
    ("Na-Sb2S3", 339.70), ("Na-SnO2", 150.708), ("Na-SnS2", 182.84), ("Li-P", 30.974), ("Na-P", 30.974)])
def test_theoretical_capacity_follows_from_faraday(name: str, molar_mass: float) -> None:
    m = load_material(name)
    expected = m.content.x_max * m.carrier.charge * FARADAY_MAH / molar_mass
    assert m.capacity.theoretical == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", list_materials())
def test_every_number_has_source_and_confidence(name: str) -> None:
    for row in describe(name):
        if row.path == "name":
            continue
        assert row.source, row
        assert row.confidence in ("A", "B", "C"), row
        if row.source.startswith("estimated"):
            assert row.confidence == "C", row


def test_estimates_of_germanium_say_so() -> None:
    rows = {row.path: row for row in describe("Li-Ge")}
    for path in ("front.rates.110", "front.rates.111", "transport.diffusivity", "front.half_thickness"):
        assert rows[path].confidence == "C"
        assert rows[path].source.startswith("estimated:")
    assert rows["mechanics.reacted.yield_stress"].value == "0.76 GPa at 0, 0.3 GPa at 1"
    assert rows["transport.diffusivity"].value == "2.75e-14 cm^2/s"


@pytest.mark.parametrize("name", list_materials())
def test_mapping_gives_an_equal_material(name: str) -> None:
    material = load_material(name)
    assert Material.model_validate(material_mapping(material)) == material


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("110", "110"),
        ("[1 1 0]", "110"),
        ("[1,1,-2]", "[1 1 -2]"),
        ("1-10", "[1 -1 0]"),
        ("[10 0 1]", "[10 0 1]"),
        ("isotropic", "isotropic"),
    ],
)
def test_one_spelling_per_direction(written: str, key: str) -> None:
    assert miller_key(written) == key


def lithium_silicon() -> dict[str, dict[str, object]]:
    """Raw mapping of the bundled file, to spoil."""
    return load_yaml(Path(femanode.materials.__file__).parent / "Li-Si.yaml")[0]


SPOILT = {
    "cubic": (
        "front",
        "rates",
        {"100": "1 nm/s", "110": "1 nm/s"},
        "front.rates: .*at least 100, 110, 111, or iso",
    ),
    "mixed": ("front", "rates", {"isotropic": "1 nm/s", "110": "1 nm/s"}, "isotropic beside other"),
    "direction": ("front", "rates", {"1x0": "1 nm/s"}, "rates.1x0: found the direction '1x0'"),
    "zero": ("front", "rates", {"000": "1 nm/s"}, "found the direction '000'"),
    "twice": ("front", "rates", {"110": "1 nm/s", "[1 1 0]": "1 nm/s"}, "direction 110 twice"),
    "content": ("content", "x_front", 4.0, "content.x_front: found 4; allowed: at most x_max = 3.75"),
    "structure": ("host", "structure", "orthorhombic", "at least 100, 010, 001"),
    "uniaxial": ("host", "structure", "uniaxial", "at least 100, 001"),
    "charge": ("carrier", "charge", True, "carrier.charge: found true; allowed: a whole number"),
    "volume": ("host", "volume", "20 A^3", "host.volume: .*write Å or angstrom"),
    "amorphous": ("front", "amorphization", {"fraction": 0.5}, "amorphization.rate: found no rate"),
    "energy": ("fracture", "energy", "0 J/m^2", "fracture.energy: found '0 J/m.2'; allowed: above 0"),
    "confidence": (
        "fracture",
        "energy",
        {"value": "1 J/m^2", "source": "x", "confidence": "D"},
        "A, B, C or null",
    ),
    "source": ("fracture", "energy", {"value": "1 J/m^2", "source": 3}, "energy.source: found 3"),
    "law": ("front", "direction_law", "ledges", "direction_law: found 'ledges'; .*did you mean 'ledge'"),
    "ledge": ("front", "ledge", {"speed_111": "1 nm/s"}, "ledge.speed_111: found a key .*smooth; set direction_law"),
    "no ledge": ("front", "ledge", {}, "front.ledge: found a key of the ledge law"),
    "key": ("fracture", "enrgy", "1 J/m^2", "unknown key 'enrgy'; .*did you mean 'energy'"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_material_is_refused(name: str) -> None:
    section, key, value, message = SPOILT[name]
    raw = lithium_silicon()
    raw[section][key] = value
    with pytest.raises(ConfigError, match=message) as caught:
        load_material(raw)
    assert "\n" not in str(caught.value)


LEDGE = {
    "isotropic": ({"rates": {"isotropic": "1 nm/s"}}, "front.direction_law: found ledge with the rates of isotropic"),
    "fourth": (
        {"rates": {**dict.fromkeys(("100", "110", "111", "112"), "1 nm/s")}},
        "direction_law: .*100, 110, 111, 112; allowed: smooth, or ledge with the rates of 100, 110 and 111 alone",
    ),
    "bare": ({"ledge": {"rounding": 3}}, "front.ledge.rounding: found 3 without a unit; .*write '3 deg'"),
    "wide": ({"ledge": {"rounding": "0.2 rad"}}, "rounding: found '0.2 rad'; allowed: above 0 deg and below 10 deg"),
    "key": ({"ledge": {"speed_110": "1 nm/s"}}, "unknown key 'speed_110'; allowed: rounding, speed_100, speed_111"),
    # (0.12 - 0.01 sqrt(2/3))/sqrt(1/3) = 0.19370 nm/s and (0.12 - 0.02 sqrt(1/2)) sqrt(2) = 0.14971 nm/s
    "slow 111": ({"ledge": {"speed_111": "0.1937 nm/s"}}, "speed_111: found 0.1937 nm/s, .*: at least 0.1938 nm/s"),
    "slow 100": ({"ledge": {"speed_100": "0.1 nm/s"}}, "speed_100: found 0.1 nm/s, .*allowed: at least 0.1498 nm/s"),
    "no facet": (
        {"ledge": {"speed_100": "1 nm/s"}, "rates": {"100": "1 nm/s", "110": "1 nm/s", "111": "0.1 nm/s"}},
        "ledge.speed_100: found a speed of ledges on \\{100\\}, which is no facet",
    ),
}


@pytest.mark.parametrize("name", LEDGE)
def test_ledge_law_that_does_not_fit_is_refused(name: str) -> None:
    changes, message = LEDGE[name]
    raw = lithium_silicon()
    raw["front"].update(direction_law="ledge", **changes)
    with pytest.raises(ConfigError, match=message) as caught:
        load_material(raw)
    assert "\n" not in str(caught.value)


def test_ledge_law_needs_a_cubic_host() -> None:
    raw = lithium_silicon()
    raw["host"]["structure"] = "uniaxial"
    raw["front"]["direction_law"] = "ledge"
    with pytest.raises(ConfigError, match=r"direction_law: found ledge for .* uniaxial; allowed: smooth; the"):
        load_material(raw)
    raw["front"]["rates"] = {"100": "1 nm/s", "001": "1 nm/s"}
    with pytest.raises(ConfigError, match=r"direction_law: .*the rates of 100, 001; .*of a cubic host"):
        load_material(raw)


def test_ledge_law_of_a_material_is_read_and_written() -> None:
    raw = lithium_silicon()
    assert load_material(raw).front.direction_law == "smooth"
    raw["front"]["direction_law"] = {"value": "ledge", "source": "ledge flow on {111}", "confidence": "A"}
    material = load_material(raw)
    assert material.front.ledge is None
    assert Material.model_validate(material_mapping(material)) == material
    raw["front"]["ledge"] = {"rounding": {"value": "0.05 rad", "source": "a guess"}, "speed_111": "0.2 nm/s"}
    material = load_material(raw)
    assert material.front.ledge is not None
    assert material.front.ledge.rounding == pytest.approx(2.8648, rel=1e-4)
    assert (material.front.ledge.speed_111, material.front.ledge.speed_100) == (0.2, None)
    assert material.provenance["front.ledge.rounding"].source == "a guess"
    assert Material.model_validate(material_mapping(material)) == material
    rows = {row.path: row for row in describe(raw)}
    assert (rows["front.direction_law"].value, rows["front.direction_law"].confidence) == ("ledge", "A")
    assert (rows["front.ledge.rounding"].value, rows["front.ledge.speed_111"].value) == ("0.05 rad", "0.2 nm/s")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"content": [0, 1], "value": ["1 GPa"]}, "2 contents and 1 values"),
        ({"content": [0.5], "value": ["1 GPa"]}, "at least 2"),
        ({"content": [1, 0], "value": ["1 GPa", "2 GPa"]}, "increasing"),
        ({"content": [0, 1.5], "value": ["1 GPa", "2 GPa"]}, "content 1.5; allowed: numbers from 0 to 1"),
        ({"content": [0, True], "value": ["1 GPa", "2 GPa"]}, "content true"),
        ({"content": [0, 1], "value": ["1 GPa", 2]}, "2 without a unit"),
        ({"content": [0, 1], "values": ["1 GPa", "2 GPa"]}, "keys content, values"),
        ({"content": 0, "value": "1 GPa"}, "not a list"),
    ],
)
def test_bad_tables_are_refused(table: dict[str, object], message: str) -> None:
    raw = lithium_silicon()
    raw["mechanics"]["reacted"]["yield_stress"] = table  # type: ignore[index]
    with pytest.raises(ConfigError, match=f"mechanics.reacted.yield_stress: .*{message}"):
        load_material(raw)


def test_error_in_a_material_file_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nhost:\n  symbol: Si\n  volume: 20\n  structure: cubic\n")
    with pytest.raises(ConfigError, match=r"own\.yaml:4: host\.volume: found 20 without a unit.*and 7 more"):
        load_material("own.yaml", tmp_path)


def test_unknown_material_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown material 'li-si'.*did you mean 'Li-Si'"):
        load_material("li-si")
