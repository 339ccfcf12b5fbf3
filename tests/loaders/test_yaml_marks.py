import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evalslo.errors import FileFaults
from evalslo.loaders.yaml_marks import MAX_BYTES, parse_yaml, read_yaml


def value(text):
    return parse_yaml(text, file="s.yaml").value


def faults(text):
    with pytest.raises(FileFaults) as caught:
        parse_yaml(text, file="s.yaml")
    return caught.value.faults


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "No", "y", "n", "ON", "1:30", "2024-01-01", "0b11", "1_000", "="]
)
def test_words_of_yaml_1_1_are_text(word):
    assert value(f"key: {word}") == {"key": word}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("012", 12),
        ("-7", -7),
        ("+7", 7),
        ("0o14", 12),
        ("0xff", 255),
        ("0.05", 0.05),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("-", [None]),
        ("[]", []),
        ("{}", {}),
    ],
)
def test_values_of_the_core_schema(text, wanted):
    found = value(f"key:\n  {text}")["key"]
    assert found == wanted
    assert type(found) is type(wanted)


def test_every_path_has_its_line():
    document = parse_yaml("a: 1\nb:\n  - x\n  - c:\n      d\n", file="s.yaml")
    assert document.lines[("a",)] == 1
    assert document.lines[("b", 0)] == 3
    assert document.lines[("b", 1, "c")] == 4
    assert document.line(("b", 1, "c", "missing")) == 4


def test_every_duplicate_key_is_told_with_both_lines():
    first, second = faults("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert (first.line, first.where) == (2, "b.c")
    assert str(second) == "s.yaml:3: a: the key 'a' again, first in line 1; keep one"


def test_an_alias_stands_for_its_anchor():
    assert value("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


def test_a_billion_laughs_are_counted_and_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert [fault.message for fault in faults("\n".join(lines))] == [
        "more than 50,000 values once aliases are written out"
    ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a:\n  b: &x [*x]", 2, "alias inside the very thing"),
        ("a: 1\nb: 'open", 2, "no YAML"),
        ("a: *nowhere", 1, "undefined alias"),
        ("a: 1\n--- \nb: 2", 2, "single document"),
        ("a: 1\n\tb: 2", 2, "no YAML"),
        ("a: 1\nb: !!python/object/apply:os.system [x]", 2, "tag"),
        ("a: !custom x", 1, "tag"),
        ("a: !!int x", 1, "tag says is int"),
        ("a: !!set {x, y}", 1, "tag"),
        ("a: .inf", 1, "finite"),
        ("a: .nan", 1, "finite"),
        ("a: 1e999", 1, "finite"),
        (f"a: {'9' * 5000}", 1, "5,000 characters"),
        ("a: 1\n? [x]\n: 2", 2, "a key that is a list"),
        ("a: &x {b: 1}\nc:\n  <<: *x", 3, "no merge"),
        ("a: 1\nb: \x1b[31m", 2, "control character '\\x1b'"),
        ("a:\n  b: " + "[" * 500, 2, "nested deeper than 64"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_line(text, line, says):
    (fault,) = faults(text)
    assert fault.line == line
    assert says in fault.message


def test_a_byte_that_is_no_utf_8_is_told_with_its_line(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(FileFaults, match="UTF-8") as caught:
        read_yaml(path)
    assert caught.value.faults[0].line == 2


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).value == {"a": 1}


def test_a_file_over_a_megabyte_and_one_that_is_absent_are_refused(tmp_path: Path):
    path = tmp_path / "s.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(FileFaults, match="longer than 1,000,000 bytes"):
        read_yaml(path)
    with pytest.raises(FileFaults, match="No such file"):
        read_yaml(tmp_path / "absent.yaml")


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@given(_values)
def test_what_pyyaml_writes_is_read_back(wanted):
    found = value(yaml.safe_dump(wanted, allow_unicode=False))
    assert _close(found, wanted)


def _close(found, wanted):
    if isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=1e-15)
    if isinstance(wanted, dict):
        return found.keys() == {str(key) for key in wanted} and all(_close(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_close, found, wanted))
    return found == wanted
