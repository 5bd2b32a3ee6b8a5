"""yamlio: YAML 1.2 core schema as its specification has it, and refusals with file and line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from femanode.config.yamlio import dump_yaml, load_yaml, parse_yaml
from femanode.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),  # a string in YAML 1.1 readers
        ("1e-16", 1e-16),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("+12", 12),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("NO", "NO"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("1:30", "1:30"),  # sexagesimal in YAML 1.1
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("129 nm", "129 nm"),
        ("1/s", "1/s"),
        ("[1, [2, a]]", [1, [2, "a"]]),
    ],
)
def test_core_schema(text: str, value: object) -> None:
    data, _ = parse_yaml(text, "text")
    assert data == value
    assert type(data) is type(value)


def test_infinities_and_nan_are_floats_for_the_model_to_refuse() -> None:
    data, _ = parse_yaml("[.inf, -.INF, .nan]", "text")
    assert data[:2] == [float("inf"), float("-inf")]
    assert data[2] != data[2]


def test_keys_keep_their_text_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a:\n  010: 1 nm\n  list:\n    - x\n    - y\nb: {c: 1}\n")
    data, lines = load_yaml(path)
    assert data == {"a": {"010": "1 nm", "list": ["x", "y"]}, "b": {"c": 1}}
    assert lines[("a",)] == 1
    assert lines["a", "010"] == 2
    assert lines["a", "list", 1] == 5
    assert lines["b", "c"] == 6


def test_aliases_are_copies() -> None:
    data, _ = parse_yaml("a: &x {k: 1}\nb: *x\n", "text")
    assert data["b"] == {"k": 1}
    assert data["a"] is not data["b"]


REFUSED = {
    "duplicate": ("a: 1\nb: 2\na: 3\n", r"f\.yaml:3: found the key 'a' twice \(first on line 1\)"),
    "tag": ("a: 1\nb: !!python/object:os.system ls\n", r"f\.yaml:2: found the tag .*python/object"),
    "own tag": ("a: !thing {b: 1}\n", r"f\.yaml:1: found the tag '!thing'"),
    "binary": ("a: !!binary aGk=\n", r"f\.yaml:1: found the tag"),
    "false tag": ("a: !!int x\n", r"f\.yaml:1: found 'x' tagged as int"),
    "two documents": ("a: 1\n---\nb: 1\n", r"f\.yaml:2: found a second document"),
    "list": ("- a\n", r"f\.yaml:1: found the list \['a'\] at the top level"),
    "scalar": ("\nabc\n", r"f\.yaml:2: found 'abc' at the top level"),
    "empty": ("", r"f\.yaml: found nothing"),
    "comment": ("# a\n", r"f\.yaml: found nothing"),
    "bare document": ("---\n...\n", r"f\.yaml:\d: found null at the top level"),
    "recursion": ("a: &a\n  b: *a\n", r"f\.yaml:2: found \*a inside itself"),
    "alias": ("a: *x\n", r"f\.yaml:1: found the alias \*x without its anchor"),
    "merge": ("a: &a {b: 1}\nc:\n  <<: *a\n", r"f\.yaml:3: found a merge key"),
    "list key": ("[1, 2]: 3\n", r"f\.yaml:1: found a key that is not plain text"),
    "tab": ("a:\n\tb: 1\n", r"f\.yaml:2: not valid YAML: .*token"),
    "unclosed": ("a: 1\nb: [1, 2\n", r"f\.yaml:\d: not valid YAML"),
    "control": ("a: \0\n", r"f\.yaml: not valid YAML: unacceptable character"),
    "version": ("%YAML 1.1\n---\na: yes\n", r"f\.yaml:2: found a %YAML directive"),
    "digits": ("a: " + "9" * 5000, r"f\.yaml:1: found an integer of more than 300 digits"),
    "depth": ("a: " + "[" * 500 + "]" * 500, r"f\.yaml:1: found more than 40 levels"),
    "length": ("a: 1\n" + "#" * 300_001, r"f\.yaml: found more than 300000 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(tmp_path: Path, name: str) -> None:
    text, message = REFUSED[name]
    path = tmp_path / "f.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_yaml(path)
    assert "\n" not in str(caught.value)


def test_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("a: 1\nb: 20 Å^3\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"f\.yaml:2: found bytes that are not UTF-8"):
        load_yaml(path)
    path.write_text("a: 20 Å^3\n", encoding="utf-8-sig")
    assert load_yaml(path)[0] == {"a": "20 Å^3"}


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: found no such file"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="found a directory"):
        load_yaml(tmp_path)


def test_alias_bomb_is_refused_quickly() -> None:
    # Nine levels of ten aliases: 1e10 values when expanded.
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    start = time.perf_counter()
    with pytest.raises(ConfigError, match="once aliases are expanded"):
        parse_yaml("\n".join(lines), "bomb")
    assert time.perf_counter() - start < 1.0


def test_bomb_of_small_anchors_counts_the_whole_document() -> None:
    text = "a: &a [" + "x, " * 999 + "x]\n" + "".join(f"b{i}: *a\n" for i in range(30))
    with pytest.raises(ConfigError, match="once aliases are expanded"):
        parse_yaml(text, "bomb")


def test_dump_reads_back_the_same() -> None:
    shared = [1, 2]
    data = {
        "text": [
            "yes",
            "no",
            "1e-3",
            "0x1F",
            "null",
            "~",
            "1:30",
            "a: b",
            "# c",
            "",
            " x ",
            "Å",
            "-",
            "[1 1 -2]",
        ],
        "numbers": [1, 1.0, 1e-300, 1.7976931348623157e308, 0.1, -5e-324, 1e16],
        "rest": {
            "010": None,
            "true": True,
            "long": "word " * 100,
            "lines": "a\nb\n",
            "empty": {},
            "none": [],
        },
        "shared": [shared, shared],
    }
    text = dump_yaml(data)
    assert "&" not in text
    back, _ = parse_yaml(text, "dump")
    assert back == data
    assert [type(x) for x in back["numbers"]] == [int] + [float] * 6
    assert list(back) == list(data)
