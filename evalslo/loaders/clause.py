"""The words of an objective, cut apart as the grammar says and not yet understood.

objective = sli [stat] op (bound | relative) ["for" number "%" "of" ("requests" | "queries")]
sli       = name ["@" int] [":" slug]
stat      = "mean" | "p" number
op        = ">=" | "<="
bound     = number [unit]
relative  = "baseline" ("+" | "-") number [unit]
"""

import re
from typing import Literal, NoReturn

from msgspec import Struct

from evalslo.errors import UsageError
from evalslo.loaders.telling import quoted

MAX_CHARACTERS = 200

TokenKind = Literal["sli", "op", "number", "stat", "word", "sign", "percent", "end", "other"]

_SLI = re.compile(r"\s*(?P<sli>[^\s<>=!≤≥]+)")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<op>[<>=!≤≥]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    | (?P<stat>p[0-9]+(?:\.[0-9]+)?(?![\w.])|mean\b)
    | (?P<word>/?[^\W\d]\w*)
    | (?P<sign>[+-])
    | (?P<percent>%)
    | (?P<other>\S)
    )""",
    re.VERBOSE,
)


class Token(Struct, frozen=True):
    """One word; the end of the text is a token too, with the text ""."""

    kind: TokenKind
    text: str


class Clause(Struct, frozen=True, kw_only=True):
    """The parts of an objective. `sign` is set where the bound is relative to a baseline; `share` is NN of `for NN%`."""

    text: str
    sli: Token
    stat: Token | None
    op: Token
    sign: Token | None
    number: Token
    unit: Token | None
    share: Token | None
    of: Token | None


def refuse(text: str, token: Token, problem: str) -> NoReturn:
    """Raises UsageError that quotes the text and points at the word."""
    at = f"at {quoted(token.text)}" if token.text else "at its end"
    raise UsageError(f"{quoted(text)}, {at}: {problem}")


def read_clause(text: str) -> Clause:
    """The parts of the objective `text`. Raises UsageError."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"{quoted(text)}: an objective of {len(text):,} characters; at most {MAX_CHARACTERS} are read")
    words = _Words(text=text, tokens=_tokens(text))
    sli = words.expect("sli", "an SLI first, for example 'hallucination <= 5%'")
    stat = words.accept("stat")
    op = words.expect("op", "'>=' or '<='" if stat else "'mean', 'p95', '>=' or '<='")
    if op.text not in {">=", "<="}:
        refuse(text, op, "wanted '>=' or '<=': at the target itself an objective is met")
    sign = words.sign()
    number = words.expect("number", "a number without sign or exponent, for example 0.8 or 5%")
    unit = words.accept("percent") or words.unit()
    share, of = words.share()
    words.expect("end", "the end, or 'for 95% of requests'")
    return Clause(text=text, sli=sli, stat=stat, op=op, sign=sign, number=number, unit=unit, share=share, of=of)


def _tokens(text: str) -> list[Token]:
    """The words of `text`; whatever stands before the first space or sign of comparison names the SLI."""
    tokens: list[Token] = []
    first = _SLI.match(text)
    if first:
        tokens.append(Token("sli", first["sli"]))
    for match in _TOKEN.finditer(text, first.end() if first else 0):
        kind: TokenKind = match.lastgroup  # type: ignore[assignment] # the groups are named after the kinds
        tokens.append(Token(kind, match[kind]))
    return [*tokens, Token("end", "")]


class _Words(Struct, kw_only=True):
    """The tokens, and how far they have been read."""

    text: str
    tokens: list[Token]
    position: int = 0

    def accept(self, kind: TokenKind) -> Token | None:
        token = self.tokens[self.position]
        if token.kind != kind:
            return None
        self.position += kind != "end"
        return token

    def word(self, *texts: str) -> Token | None:
        return self.accept("word") if self.tokens[self.position].text in texts else None

    def expect(self, kind: TokenKind, wanted: str) -> Token:
        token = self.accept(kind)
        return token if token else refuse(self.text, self.tokens[self.position], f"wanted {wanted}")

    def sign(self) -> Token | None:
        if not self.word("baseline"):
            return None
        return self.expect("sign", "'+' or '-' and a margin, for example 'baseline + 1%'")

    def unit(self) -> Token | None:
        return None if self.tokens[self.position].text == "for" else self.accept("word")

    def share(self) -> tuple[Token, Token] | tuple[None, None]:
        if not self.word("for"):
            return None, None
        share = self.expect("number", "a share, for example 'for 95% of requests'")
        self.expect("percent", "'%': write 'for 95% of requests'")
        if not self.word("of"):
            refuse(self.text, self.tokens[self.position], "wanted 'of requests' or 'of queries'")
        of = self.word("requests", "queries")
        return share, of or refuse(self.text, self.tokens[self.position], "wanted 'requests' or 'queries'")
