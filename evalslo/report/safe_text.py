"""Text from strangers, made harmless for a terminal.

Model answers, golden files and servers may send control characters, escape sequences, bidi overrides and letters without a
width. What leaves here is one line of printable characters of known width; it still has to be put into a
`rich.text.Text`, never into markup.
"""

import unicodedata

from rich.cells import cell_len

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # controls, formats (bidi, zero width), surrogates, unknown letters
_MARKS = frozenset({"Mn", "Me"})
_MOST_MARKS = 3  # more marks on one letter are no script; they paint over the lines above
_MOST_PER_CELL = 40  # letters looked at for each cell wanted: a bound on work, whatever was sent
_ASCII = str.maketrans(
    {"≤": "<=", "≥": ">=", "–": "-", "—": "-", "−": "-", "…": "...", "·": "|", "×": "x", "→": "->", "“": '"', "”": '"'}
    | dict.fromkeys("‘’", "'")
)


def plain(text: str, *, width: int, encoding: str = "utf-8") -> str:
    r"""`text` as one printable line of at most `width` cells, cut with an ellipsis where it is longer.

    Runs of white space, line ends among them, become one space. Whatever cannot be seen, or that `encoding` does not have,
    is shown as an escape: `\x1b`, `\u202e`.

    >>> plain("red: \x1b[31m\nPASS", width=40)
    'red: \\x1b[31m PASS'
    >>> plain("faithfulness", width=6)
    'faith…'
    """
    seen = text[: (width + 1) * _MOST_PER_CELL]
    pieces = _pieces(" ".join(seen.split()), encoding=encoding)
    cut = _cut(pieces, width=width)
    if cut == len(pieces) and len(seen) == len(text):
        return "".join(pieces)
    ellipsis = plain_sign("…", encoding=encoding)[: max(width, 0)]
    return "".join(pieces[: _cut(pieces, width=width - cell_len(ellipsis))]).rstrip() + ellipsis


def plain_sign(sign: str, *, encoding: str) -> str:
    """`sign` where `encoding` has it, else its spelling in ASCII."""
    return sign if _has(encoding, sign) else sign.translate(_ASCII)


def _pieces(line: str, *, encoding: str) -> list[str]:
    """`line` in pieces that are never cut inside: letters with their marks, and escapes."""
    pieces: list[str] = []
    marks = _MOST_MARKS  # a mark at the start would sit on our own text: it is escaped
    for letter in line:
        category = unicodedata.category(letter)
        if category in _MARKS and not _picks_a_glyph(letter):
            marks += 1
            if marks <= _MOST_MARKS and _has(encoding, letter):
                pieces[-1] += letter
                continue
        elif not _picks_a_glyph(letter):
            marks = 0 if category not in _HIDDEN else _MOST_MARKS
        piece = _shown(letter, category=category, encoding=encoding)
        if piece:
            pieces.append(piece)
    return pieces


def _shown(letter: str, *, category: str, encoding: str) -> str:
    if _picks_a_glyph(letter):
        return ""  # says only emoji or text; terminals disagree on its width
    if category in _HIDDEN or category in _MARKS:
        return _escape(letter)
    if _has(encoding, letter):
        return letter
    sign = letter.translate(_ASCII)
    return sign if sign != letter else _escape(letter)


def _cut(pieces: list[str], *, width: int) -> int:
    """How many of `pieces` fit in `width` cells."""
    used = 0
    for number, piece in enumerate(pieces):
        used += cell_len(piece)
        if used > width:
            return number
    return len(pieces)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def _picks_a_glyph(letter: str) -> bool:
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _has(encoding: str, letter: str) -> bool:
    try:
        letter.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
