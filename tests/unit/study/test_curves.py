"""Data files as people have them: read as they mean it, or refused with the line that cannot be understood."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from femanode.config.complaints import Place
from femanode.errors import ConfigError
from femanode.study.curves import Curve, DataModel, heading_unit, read_curve
from femanode.study.evaluator import Evaluator
from femanode.study.fitfile import load_fit
from tests.runners import BASE

#: Three minutes, six and nine, and the depths there: what every file below that is read says.
TIMES, DEPTHS = [180.0, 360.0, 540.0], [4.74, 12.38, 17.56]
#: The same as parts of the section.
SHARES = [0.1, 0.45, 0.7]


def curve_of(folder: Path, content: str | bytes, **change: Any) -> Curve:
    """The curve in a file with these contents; `change` replaces keys of the section `data`."""
    (folder / "d.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    data = {"file": "d.csv", "time": {"column": "t", "unit": "min"}, "value": {"column": "L", "unit": "nm"}, **change}
    return read_curve(DataModel.model_validate(data), folder, {(): Place("fit.yaml")})


def named(time: str, value: str, t_unit: str = "min", unit: str = "nm") -> dict[str, Any]:
    return {"time": {"column": time, "unit": t_unit}, "value": {"column": value, "unit": unit}}


COMMA = "t,L\n3,4.74\n6,12.38\n9,17.56\n"
READ = {
    "plain": (COMMA, {}, "3 rows, commas between values"),
    "no line end at the end": (COMMA.rstrip(), {}, "commas"),
    "blank after commas": ("t, L\n3, 4.74\n6, 12.38\n9, 17.56\n", {}, "commas"),
    "Windows line ends": (COMMA.replace("\n", "\r\n"), {}, "3 rows"),
    "line ends of old Macs": (COMMA.replace("\n", "\r"), {}, "3 rows"),
    "byte order mark": ("\ufeff" + COMMA, {}, "3 rows"),
    "UTF-16 from a spreadsheet": (codecs.BOM_UTF16_LE + COMMA.replace(",", "\t").encode("utf-16-le"), {}, "tabs"),
    "semicolons": (COMMA.replace(",", ";"), {}, "semicolons between values"),
    "decimal commas": ("t;L\n3;4,74\n6;12,38\n9;17,56\n", {}, "semicolons between values, decimal commas"),
    "decimal commas, three digits once": ("t;L\n3;4,74\n6;12,380\n9;17,56\n", {}, "decimal commas"),
    "decimal commas in time too": ("t;L\n3,0;4,740\n6,0;12,380\n9,0;17,560\n", {}, "decimal commas"),
    "quoted decimal commas": ('"t","L"\n"3","4,74"\n"6","12,38"\n"9","17,56"\n', {}, "commas between values, decimal"),
    "tabs": (COMMA.replace(",", "\t"), {}, "tabs between values"),
    "tabs and decimal commas": ("t\tL\n3\t4,74\n6\t12,38\n9\t17,56\n", {}, "tabs between values, decimal commas"),
    "blanks": ("t L\n3 4.74\n6 12.38\n9 17.56\n", {}, "blanks between values"),
    "aligned blanks and tabs": ("   t      L\n   3   4.74 \n   6\t12.38\n   9  17.56\n", {}, "blanks"),
    "blanks and decimal commas": ("t  L\n3  4,74\n6  12,38\n9  17,56\n", {}, "decimal commas"),
    "comments": ("# sample A\n#\nt,L\n3,4.74\n  # a bubble\n6,12.38\n#7,99\n9,17.56\n", {}, "3 rows, commas"),
    "comments behind values": ("t,L # depth\n3,4.74 # first\n6,12.38\t#second\n9,17.56,# last\n", {}, "3 rows"),
    "comment with an open quote": ('# 5" wafer, t, L\nt,L\n3,4.74\n6,12.38\n9,17.56\n', {}, "3 rows"),
    "numpy.savetxt": ("# 5\" of t, L\n# t L\n3.0e+00 4.74e+00\n6.0e+00 1.238e+01\n9.0e+00 1.756e+01\n", {},
                      "headings in the comment on line 2"),
    "lines of an instrument above": ("sep=;\nInstrument;TEM 3, cell 4\n\nt;L\n3;4.74\n6;12.38\n9;17.56\n", {},
                                     "headings on line 4"),
    "trailing separators in rows": ("t,L\n3,4.74,\n6,12.38,,\n9,17.56,\n", {}, "3 rows"),
    "trailing separators everywhere": ("t;L;;\n3;4,74;;\n6;12,38;;\n9;17,56;;\n;;;\n;;;\n", {}, "3 rows"),
    "empty lines": ("\nt,L\n\n3,4.74\n\n\n6,12.38\n9,17.56\n\n", {}, "3 rows"),
    "other columns": ("n,t,comment,L\n1,3,,4.74\n2,6,\"here, dark\",12.38\n3,9,end,17.56\n", {}, "3 rows"),
    "last column empty": ("t,L,comment\n3,4.74,\n6,12.38,dark\n9,17.56,\n", {}, "3 rows"),
    "not in order": ("t,L\n9,17.56\n3,4.74\n6,12.38\n", {}, "put in the order of time"),
    "from last to first": ("t,L\n9,17.56\n6,12.38\n3,4.74\n", {}, "put in the order of time"),
    "signs and exponents": ("t,L\n+3,4740e−3\n6.,1.238e1\n.9e1,17.56\n", {}, "3 rows"),
    "units in brackets": ("t (min);Depth [nm]\n3;4.74\n6;12.38\n9;17.56\n", named("t (min)", "Depth [nm]"), "3 rows"),
    "units from brackets": ("t (min);Depth [nm]\n3;4.74\n6;12.38\n9;17.56\n",
                            named("t (min)", "Depth [nm]", "", ""), "'t (min)' in min, 'Depth [nm]' in nm"),
    "units behind a stroke": ("t / min\tL / nm\n3\t4.74\n6\t12.38\n9\t17.56\n", named("t / min", "L / nm", "", ""),
                              "'L / nm' in nm"),
    "units behind commas in quotes": ('"time, min","depth, nm"\n3,4.74\n6,12.38\n9,17.56\n',
                                      named("time, min", "depth, nm", "", ""), "'depth, nm' in nm"),
    "quoted headings with blanks": ('"Elapsed time" "Front depth"\n3 4.74\n6 12.38\n9 17.56\n',
                                    named("Elapsed time", "Front  depth"), "blanks"),
    "a sign for micro that looks the same": ("t_s;L_\u03bcm\n180;0.00474\n360;0.01238\n540;0.01756\n",
                                             named("t_s", "L_\u00b5m", "s", "um"), "3 rows"),
    "a number sign in a heading": ("#,t,L#2\n1,3,4.74\n2,6,12.38\n3,9,17.56\n", named("t", "L#2"), "comment on line 1"),
}


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_it_is_meant(tmp_path: Path, name: str) -> None:
    content, change, said = READ[name]
    curve = curve_of(tmp_path, content, **change)
    np.testing.assert_allclose(curve.time, TIMES, rtol=1e-14)
    np.testing.assert_allclose(curve.value, DEPTHS, rtol=1e-14)
    assert curve.reading.startswith("d.csv: 3 rows, ")
    assert said in curve.reading


@pytest.mark.parametrize(("change", "said"), [
    ({}, "d.csv: 5 rows, commas between values, line 4 lies below one before it, which no front does, as do 1 more"),
    # 17.56 - 3 is less than 16 + 3, and no more than scatter
    ({"error": "1 nm"}, "d.csv: 5 rows, commas between values"),
    ({"error": "0.2 nm"}, "d.csv: 5 rows, commas between values, line 4 lies below one before it, which no front does"),
    # a wire may shrink
    ({"key": "diameter_x_nm"}, "d.csv: 5 rows, commas between values")])
def test_a_front_that_goes_back_is_told(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert curve_of(tmp_path, "t,L\n3,4.74\n6,17.56\n9,16\n12,17\n15,18\n", **change).reading == said


SHARE = {"key": "converted_fraction"}
PERCENT = {
    "parts": ("t,L\n3,0.1\n6,0.45\n9,0.7\n", named("t", "L", unit=""), None),
    "percent signs": ("t,L\n3,10%\n6,45 %\n9,70%\n", named("t", "L", unit=""), "'L' in %"),
    "percent signs, decimal commas": ("t;L\n3;10,0%\n6;45,0%\n9;70,00 %\n", named("t", "L", unit=""), "'L' in %"),
    "heading with %": ("t,L (%)\n3,10\n6,45\n9,70\n", named("t", "L (%)", unit=""), "'L (%)' in %"),
    "heading with percent": ("t,L percent\n3,10\n6,45\n9,70\n", named("t", "L percent", unit=""), "in %"),
    "heading ends in %": ("t,L_%\n3,10\n6,45\n9,70\n", named("t", "L_%", unit=""), "in %"),
    "said in the fit file": ("t,L\n3,10\n6,45\n9,70\n", named("t", "L", unit="%"), "'L' in %"),
    "said three times": ("t,L [%]\n3,10 %\n6,45 %\n9,70 %\n", named("t", "L [%]", unit="%"), "'L [%]' in %"),
}


@pytest.mark.parametrize("name", PERCENT)
def test_percent_are_parts_of_a_hundred(tmp_path: Path, name: str) -> None:
    content, change, said = PERCENT[name]
    curve = curve_of(tmp_path, content, **SHARE, **change)
    np.testing.assert_allclose(curve.value, SHARES, rtol=1e-14)
    assert ("%" in curve.reading) == (said is not None)
    assert said is None or curve.reading.count(said) == 1


REFUSED = {
    "row longer than the headings": ("t,L\n3,4.74\n6,12.38\n9,17.56,8\n", {}, 4, "found 3 .* every column a heading"),
    "every row longer": ("t,L\n1,3,4.74\n2,6,12.38\n", {}, 2, "found 3 values under 2 headings"),
    "decimal commas between commas": ("t,L\n3,4,74\n6,12,38\n", {}, 2, "found 3 values .* semicolons"),
    "decimal commas in both columns": ("t,L\n3,0,4,74\n6,0,12,38\n", {}, 2, "found 4 values"),
    "row shorter": ("t,L,note\n3,4.74,a\n6,12.38\n", {}, 3, "found 2 values under 3 headings"),
    "other separator than the headings": ("t,L\n3;4.74\n6;12.38\n", {}, 2,
                                         "put commas between the values, as between the headings, in place of semi"),
    "thousands or decimals": ("t;L\n3;1,234\n6;2,345\n", {}, 2, "found '1,234', which is 1.234 to some and 1234"),
    "thousands or decimals in quotes": ('t,L\n3,"1,234"\n6,"2,345"\n', {}, 2, "1.234 to some"),
    "comma and point": ("t;L\n3;4,74\n6;12.38\n", {}, 3, r"found '12\.38', but '4,74' on line 2"),
    "thousands with commas beside points": ("t;L\n1.5;10\n2.5;1,234\n", {}, 3, "found '1,234', but '1.5' on line 2"),
    "thousands and decimals": ("t;L\n3;4,7\n6;1.234,5\n", {}, 3, r"found '1\.234,5' .* thousands without a mark"),
    "thousands with blanks": ("t;L\n3;4.7\n6;1 234\n", {}, 3, "thousands without a mark"),
    "empty place": ("t,L\n3,4.74\n6,\n9,17.56\n", {}, 3, "found an empty place in the column 'L'"),
    "empty place in the middle": ("t,L,note\n3,4.74,a\n6,,b\n", {}, 3, "found an empty place in the column 'L'"),
    "empty time": ("t,L\n,4.74\n6,12\n", {}, 2, "found an empty place in the column 't'"),
    "NaN": ("t,L\n3,4.74\n6,NaN\n", {}, 3, "found 'NaN' .* begin it with #"),
    "inf": ("t,L\n3,4.74\n6,-inf\n", {}, 3, "found '-inf'"),
    "too large": ("t,L\n3,4.74\n6,1e999\n", {}, 3, "too large"),
    "text": ("t,L\n3,4.74\n6,n.d.\n", {}, 3, "found 'n.d.' in the column 'L'"),
    "line of units": ("t,L\nmin,nm\n3,4.74\n6,12.38\n", {}, 2, "found 'min' .* begin lines that hold no numbers"),
    "units beside numbers": ("t,L\n3,4.74 nm\n6,12.38 nm\n", {}, 2, "their unit belongs in the fit file"),
    "hours and minutes": ("t,L\n0:03,4.74\n0:06,12.38\n", {}, 2, "write times as numbers in one unit"),
    "headings again": (COMMA + COMMA, {}, 5, "found 't'"),
    "no headings": ("3,4.74\n6,12.38\n", {}, 1, "found numbers where the headings should be; .* with t, L"),
    "numbers above the headings": ("1,2\nt,L\n3,4.74\n6,5\n", {}, 1, "above the headings, which are on line 2"),
    "misspelt heading": ("# x\nt,l\n3,4.74\n", {}, 2, "found no column 'L'; allowed: t, l; did you mean 'l'"),
    "misspelt with semicolons": ("t;l;x, y, z\n3;4;5\n", {}, 1, "found no column 'L'; allowed: t, l, x, y, z;"),
    "misspelt below an instrument's lines": ("Made 2024, in May\n\nt;l\n3;4\n", {}, 3, "found no column 'L'"),
    "misspelt with blanks in headings": ("Time spent;Depth of the front\n3;4\n", {}, 1,
                                         "allowed: Time spent, Depth of the front"),
    "heading twice": ("t,L,L\n3,4.74,5\n6,12.38,6\n", {}, 1, "found 2 columns 'L'"),
    "open quote": ('t,L\n3,"4.74\n6,12.38\n', {}, 2, "found a quote that is not closed"),
    "UTF-16 without its mark": ("t,L\n3,4.74\n".encode("utf-16-le"), {}, 1, "found a NUL.*; save it as UTF-8"),
    "comments of another kind": ("t,L\n// by hand\n3,4.74\n6,12.38\n", {}, 2, "begin lines that hold no numbers"),
    "blanks in and between headings": ("t (min)  L (nm)\n3  4.74\n6  12.38\n", named("t (min)", "L (nm)"), 1,
                                       "found no column .* put tabs or semicolons between headings"),
    "not UTF-8": (b"t,L\n3,4.74\n6,12.38 \xb5\n", {}, 3, "found bytes that are not UTF-8"),
    "same time twice": ("t,L\n3,4.74\n6,12.38\n3,4.8\n", {}, 4, "found the time of line 2 again"),
    "negative time": ("t,L\n3,4.74\n-6,12.38\n", {}, 3, "found the time -360 s"),
    "negative depth": ("t,L\n3,4.74\n6,-12.38\n", {}, 3, "found -12.38 nm for front_depth_nm; allowed: 0 nm and more"),
    "negative depth beyond its error": ("t,L\n3,4.74\n6,-1\n", {"error": "0.3 nm"}, 3, "beyond by 3 errors at most"),
    "error 0": ("t,L,e\n3,4.74,1\n6,12.38,0\n", {"error": {"column": "e", "unit": "nm"}}, 3, "error of 0 nm"),
    "part above 1": ("t,L\n3,0.4\n6,1.2\n", SHARE | named("t", "L", unit=""), 3, "found 1.2 for .*0 to 1 .*'%'"),
    "percent not called so": ("t,L\n3,45\n6,60\n", SHARE | named("t", "L", unit=""), 2, "write unit: '%'"),
    "more than all": ("t,L\n3,45%\n6,120%\n", SHARE | named("t", "L", unit=""), 3, "found 1.2 for converted_fraction"),
    "percent sign once": ("t,L\n3,45%\n6,60\n", SHARE | named("t", "L", unit=""), 3, "above have percent signs"),
    "percent sign at the end": ("t,L\n3,0.4\n6,60%\n", SHARE | named("t", "L", unit=""), 3, "have no percent signs"),
    "percent of a depth": ("t,L\n3,45%\n6,60%\n", {}, 2, "found a percent sign in the column 'L'"),
    "one row": ("t,L\n3,4.74\n", {}, None, "found 1 row; allowed: at least 2 times"),
    "headings alone": ("t,L\n", {}, None, "found 0 rows"),
    "empty": ("", {}, None, "found no rows"),
    "comments alone": ("# nothing\n", {}, None, "found no rows"),
    "workbook": (b"PK\x03\x04\x14\x00", {}, None, "save the sheet as CSV"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    content, change, line, said = REFUSED[name]
    with pytest.raises(ConfigError, match=said) as raised:
        curve_of(tmp_path, content, **change)
    place = tmp_path / "d.csv" if line is None else f"{tmp_path / 'd.csv'}:{line}"
    assert str(raised.value).startswith(f"{place}: ")
    assert "\n" not in str(raised.value)


SECTION = {
    "unit against the heading": ("t_min,L\n3,4.74\n6,12\n", named("t_min", "L", "s"), "whose heading says min"),
    "no unit anywhere": ("t,L\n3,4.74\n6,12\n", named("t", "L", unit=""), "data.value: found no unit for the column"),
    "unknown unit": ("t,L\n3,4.74\n6,12\n", named("t", "L", "fortnight-ish"), "data.time: found the unit"),
    "unit of a part": ("t,L\n3,0.1\n6,0.2\n", SHARE, "found the unit 'nm' .* allowed: no unit, or %"),
    "error without unit": (COMMA, {"error": "0.3"}, "data.error: found '0.3'"),
    "error of a part in percent not called so": ("t,L\n3,0.1\n6,0.2\n", SHARE | named("t", "L", unit="") | {
        "error": 2.0}, "error of 2, which is not above 0 and below 1"),
    "percent in one of value and error": ("t,L [%],e\n3,10,1\n6,20,1\n", SHARE | named("t", "L [%]", unit="") | {
        "error": {"column": "e"}}, "both in percent, or none"),
    "missing file": ("t,L\n", {"file": "none.csv"}, "data.file: found no file"),
}


@pytest.mark.parametrize("name", SECTION)
def test_what_the_fit_file_says_wrong_is_said_of_its_key(tmp_path: Path, name: str) -> None:
    content, change, said = SECTION[name]
    with pytest.raises(ConfigError, match=f"^fit.yaml: data.*{said.removeprefix('data')}"):
        curve_of(tmp_path, content, **change)


def test_values_beyond_what_is_possible_are_errors_of_measurement_within_three(tmp_path: Path) -> None:
    # 1.02 +/- 0.01 is 2 errors beyond all; -0.5 +/- 0.3 nm is less than 2 below nothing
    full = curve_of(tmp_path, "t,L\n3,50\n6,102\n", **SHARE, **named("t", "L", unit="%"), error="1 %")
    assert full.error == pytest.approx([0.01, 0.01])
    assert curve_of(tmp_path, "t,L\n0,-0.5\n6,3\n", error="0.3 nm").value[0] == -0.5


def test_errors_follow_their_values_into_order(tmp_path: Path) -> None:
    curve = curve_of(tmp_path, "t,L,e\n9,3,0.3\n3,1,0.1\n6,2,0.2\n", error={"column": "e", "unit": "nm"})
    assert curve.error == pytest.approx([0.1, 0.2, 0.3])
    assert list(curve.lines) == [3, 4, 2]


def test_thousands_of_rows_are_read_and_the_fault_in_the_last_is_found(tmp_path: Path) -> None:
    rows = [f"{k};{k // 100},{k % 100:02d}" for k in range(20_000)]
    curve = curve_of(tmp_path, "t;L\n" + "\n".join(rows))
    # row k has the depth k/100
    np.testing.assert_allclose(curve.value, np.arange(20_000) / 100, rtol=1e-14)
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path / 'd.csv'}:20002: found 3 values under 2 headings")):
        curve_of(tmp_path, "t;L\n" + "\n".join([*rows, "20000;1;2"]))


@pytest.mark.parametrize(("heading", "kind", "unit"), [
    ("t (min)", "s", "min"), ("t[h]", "s", "h"), ("time_s", "s", "s"), ("t/ms", "s", "ms"), ("t, min", "s", "min"),
    ("depth nm", "nm", "nm"), ("depth (Å)", "nm", "Å"), ("x [%]", "", "%"), ("x_pct", "", "%"), ("depth", "nm", ""),
    ("L_μm", "nm", "μm"),
    # neither the minimum of a diameter, nor sample A, nor a row's number is a unit of what is asked for
    ("diameter_min", "nm", ""), ("depth_A", "nm", ""), ("depth (sample 2)", "nm", ""), ("nm", "nm", "")])
def test_the_unit_of_a_heading(heading: str, kind: str, unit: str) -> None:
    assert heading_unit(heading, kind) == unit


@pytest.mark.parametrize(("settings", "said"), [
    ({}, "found 26 nm .* 0 to 25 nm"), ({"geometry.diameter": "52 nm"}, None),
    ({"geometry.shape": "annulus", "geometry.diameter": "60 nm", "geometry.inner_diameter": "10 nm"}, "0 to 25 nm")])
def test_a_depth_that_the_wire_does_not_have_is_refused(tmp_path: Path, settings: dict[str, str], said: str | None
                                                        ) -> None:
    (tmp_path / "d.csv").write_text("t,L\n3,4.74\n6,26\n")
    task = load_fit({"base": BASE, "settings": {"time.end": "1 h", **settings},
                     "parameters": {"overrides.front.rates.isotropic": {"from": "1 nm/s", "to": "2 nm/s"}},
                     "data": {"file": str(tmp_path / "d.csv"), **named("t", "L")}})
    made = {"task": task, "folder": tmp_path / "f", "runner": "", "slots": 1, "performer": None}
    if said is None:
        Evaluator(**made)
        return
    with pytest.raises(ConfigError, match=rf"d\.csv:3: .*{said}"):
        Evaluator(**made)


@pytest.mark.parametrize(("value", "refused"), [(0.19, True), (45.0, False), (190.0, False), (210.0, True)])
def test_a_diameter_no_swelling_gives_is_refused(tmp_path: Path, value: float, refused: bool) -> None:
    # Li-Si grows by 2.8 of its volume: 50 nm become 190 nm if all of it goes one way, never 210 nm; 0.19 is in um.
    (tmp_path / "d.csv").write_text(f"t,D\n3,50\n6,{value}\n")
    task = load_fit({"base": BASE, "settings": {"time.end": "1 h"},
                     "parameters": {"overrides.front.rates.isotropic": {"from": "1 nm/s", "to": "2 nm/s"}},
                     "data": {"file": str(tmp_path / "d.csv"), "key": "diameter_max_nm", **named("t", "D")}})
    made = {"task": task, "folder": tmp_path / "f", "runner": "", "slots": 1, "performer": None}
    if not refused:
        Evaluator(**made)
        return
    with pytest.raises(ConfigError, match=r"d\.csv:3: found .* nm for diameter_max_nm; allowed: .*unit of the column"):
        Evaluator(**made)
