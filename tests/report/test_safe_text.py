"""What strangers send, made harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from evalslo.report.safe_text import plain


@given(text=st.text(max_size=80), width=st.integers(0, 40))
def test_no_text_has_controls_or_outgrows_its_width(text, width):
    shown = plain(text, width=width)
    assert cell_len(shown) <= width
    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in shown)


@given(text=st.text(max_size=60), encoding=st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_every_text_fits_the_consoles_encoding(text, encoding):
    shown = plain(text, width=30, encoding=encoding)
    assert shown.encode(encoding).decode(encoding) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x1b]8;;http://x\x07link", r"\x1b]8;;http://x\x07link"),
        ("\x9b31m", r"\x9b31m"),
        ("safe\u202etxt.exe", r"safe\u202etxt.exe"),
        ("a\u200bb", r"a\u200bb"),
        ("a\udc80b", r"a\udc80b"),
        ("one\r\ntwo\u2028three\tfour", "one two three four"),
        ("[bold red]x[/]", "[bold red]x[/]"),
        ("\u0301start", r"\u0301start"),
        ("Gerät ಕನ್ನಡ", "Gerät ಕನ್ನಡ"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text, shown):
    assert plain(text, width=60) == shown


def test_piled_up_marks_are_cut_down():
    shown = plain("a" + "\u0301" * 50, width=400)
    assert shown.startswith("a" + "\u0301" * 3 + r"\u0301")
    assert shown.count("\u0301") == 3


def test_an_escape_is_never_cut_in_two():
    assert plain("ab\x1b[0m", width=5) == "ab…"


def test_wide_letters_are_counted_as_two_cells():
    assert plain("価格は百円です", width=7) == "価格は…"


def test_a_text_of_megabytes_is_cut_without_reading_all_of_it():
    assert plain(" " * 5_000_000 + "late", width=10) == "…"


def test_own_signs_are_spelt_out_where_the_encoding_lacks_them():
    assert plain("p95 ≤ 2 s – at least", width=40, encoding="ascii") == "p95 <= 2 s - at least"
    assert plain("abcdefgh", width=6, encoding="ascii") == "abc..."
