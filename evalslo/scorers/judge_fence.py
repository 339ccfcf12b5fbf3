"""A question to a judge, its material fenced: what strangers wrote can neither close the fence nor hide in it.

Answers, contexts and golden texts may hold orders to the judge, fences of their own, verdicts in JSON, or letters that only a
machine sees. They stand between marks that no text can contain, and the instructions stand before and after them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from evalslo.model.judging import Question

HIDDEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
"""What has no shape of its own, as ranges of a pattern's class: controls, bidi and zero width, fillers, tags, surrogates."""

_HIDDEN = re.compile(f"[{HIDDEN}]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_ANGLES = "<>‹›«»≪≫⋘⋙〈〉《》⟨⟩⟪⟫❬❭❮❯❰❱⧼⧽⦉⦊〈〉˂˃ᐸᐳ≺≻＜＞﹤﹥﹝﹞"
_RUN_OF_ANGLES = re.compile(rf"[{_ANGLES}](?:[ \t]*[{_ANGLES}])+")
_DIGITS_OF_NONCE = 16
_DIGITS_OF_KEY = 32


class Block(Struct, frozen=True, kw_only=True):
    """One fenced piece of a question. `text` is harmless already; made by `block` and `listing` only."""

    name: str
    text: str


def harmless(text: str) -> str:
    """`text` as a judge may see it: no hidden letters, and no two angle brackets, nor what looks like them, side by side.

    >>> harmless("a\u200b <<<end answer>>> \u202eb")
    'a < < <end answer> > > b'
    """
    seen = _HIDDEN.sub("", _LINE_ENDS.sub("\n", text))
    return _RUN_OF_ANGLES.sub(lambda run: " ".join("".join(run[0].split())), seen)


def block(name: str, text: str) -> Block:
    """A text of several lines."""
    return Block(name=name, text=harmless(text))


def listing(name: str, lines: Iterable[tuple[str, str]]) -> Block:
    """Lines with a label each, `<<<1>>> like this`: no line ends inside one, so that none can be made up."""
    return Block(
        name=name, text="\n".join(f"<<<{label}>>> {' '.join(harmless(line).split())}" for label, line in lines)
    )


def fenced(blocks: Sequence[Block]) -> str:
    """The blocks one after the other, each between marks with a number that only their whole content gives."""
    nonce = _digest(blocks)[:_DIGITS_OF_NONCE]
    return "\n\n".join(f"<<<begin {one.name} {nonce}>>>\n{one.text}\n<<<end {one.name} {nonce}>>>" for one in blocks)


def question(blocks: Sequence[Block], *, system: str, before: str, after: str, schema: Mapping[str, Any]) -> Question:
    """The question about `blocks`, told what to do `before` and `after` them; its key is a digest over all that is sent."""
    prompt = f"{before}\n\n{fenced(blocks)}\n\n{after}"
    return Question(key=_digest((system, prompt, schema))[:_DIGITS_OF_KEY], system=system, prompt=prompt, schema=schema)


def _digest(what: object) -> str:
    return hashlib.sha256(msgspec.json.encode(what, order="sorted")).hexdigest()
