"""The answer against its references, a text, a pattern, or JSON.

Source: normalisation, exact match and token F1 are those of SQuAD (Rajpurkar et al. 2016, doi:10.18653/v1/D16-1264),
with punctuation by Unicode category, and a Han or kana character as a token, as CMRC 2018 has it (doi:10.18653/v1/D19-1600).
One thing is not SQuAD's: it drops decimal points and per cent signs, so that 43.2 equals 432 and 1% equals 1; here they count.
"""

import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from evalslo.errors import UsageError
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli, SliSpec, SpeaksOf
from evalslo.scorers.outcome import Outcome, to_score
from evalslo.scorers.unspaced import UNSPACED

LONGEST_ANSWER = 100_000
"""Characters; patterns, texts and references are compared with what comes before. JSON is read whole."""

# both begin with a letter, which is quick to find; their lookbehinds are \b, and a digit before the point
_ARTICLE = re.compile(r"(?:a(?<!\wa)n?|t(?<!\wt)he)\b")
_DECIMAL_POINT = re.compile(r"\.(?<=\d\.)(?=\d)")
_KEPT_POINT = "\ue000"  # of the private use area: stands for a decimal point while punctuation is dropped
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_UNSPACED_CHARACTER = re.compile(rf"([{UNSPACED}])")


def normalized(text: str) -> list[str]:
    """The words of a text without case, punctuation and English articles.

    >>> normalized("The  Eiffel-Tower, (Paris).")
    ['eiffeltower', 'paris']
    >>> normalized("1,008 of 43.2%")
    ['1008', 'of', '43.2', 'percent']
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace(_KEPT_POINT, "").replace("%", " percent ")
    plain = folded.isascii()  # then all punctuation is string.punctuation, and no character is a word by itself
    kept = _DECIMAL_POINT.sub(_KEPT_POINT, folded).translate(_NO_PUNCTUATION)
    if plain:
        words = _ARTICLE.sub(" ", kept)
    else:
        kept = "".join(letter for letter in kept if unicodedata.category(letter)[0] != "P")
        words = _UNSPACED_CHARACTER.sub(r" \1 ", _ARTICLE.sub(" ", kept))
    return words.replace(_KEPT_POINT, ".").split()


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 where the answer is one of the references after normalisation."""
    words = normalized(answer)
    return float(any(words == normalized(reference) for reference in references))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """The best harmonic mean of token precision and recall over the references."""
    words = normalized(answer)
    return max(_f1(words, normalized(reference)) for reference in references)


def contains(answer: str, texts: Sequence[str]) -> float:
    """1 where the words of one of `texts` stand in the answer in a row; a text without words is in none."""
    within = f" {' '.join(normalized(answer))} "
    wanted = (" ".join(normalized(text)) for text in texts)
    return float(any(words and f" {words} " in within for words in wanted))


def json_valid(answer: str) -> float:
    """1 where the whole answer is one JSON text (RFC 8259). A fence of Markdown around it is no JSON, nor is NaN."""
    try:
        # numbers stay text: a thousand digits are valid, and cost a parser of integers dear
        json.loads(answer, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return 0.0
    return 1.0


def options_fault(sli: Sli) -> str | None:
    """What is wrong with the options of a `regex` or `contains`, and how to mend it; None where nothing is.

    >>> options_fault(Sli(name="regex", slug="cites", options={"pattern": 7}))
    'regex:cites: pattern: found 7, wanted a regular expression'
    """
    match sli.name:
        case "regex":
            return _pattern_fault(sli)
        case "contains" if "text" in sli.options and not _texts(sli):
            return f"{sli}: text: found {sli.options['text']!r:.80}, wanted a text or a list of texts"
    return None


def _f1(answer: Sequence[str], reference: Sequence[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = (Counter(answer) & Counter(reference)).total()
    return 2 * shared / (len(answer) + len(reference))


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _pattern_fault(sli: Sli) -> str | None:
    pattern = sli.options.get("pattern")
    if not isinstance(pattern, str):
        return f"{sli}: pattern: found {pattern!r:.80}, wanted a regular expression"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return (
            f"{sli}: pattern: found {pattern!r:.80}, which is no pattern ({error!s:.80}); wanted a regular expression"
        )
    return None


def _texts(sli: Sli) -> tuple[str, ...]:
    """The texts of the option `text`; () where it is not of that form."""
    found = sli.options["text"]
    texts = [found] if isinstance(found, str) else found
    whole = isinstance(texts, Sequence) and all(isinstance(text, str) for text in texts)
    return tuple(texts) if whole else ()


def _rate(name: str, what: str, *, options: Mapping[str, bool] | None = None, speaks_of: SpeaksOf = "all") -> SliSpec:
    return SliSpec(name=name, what=what, kind="rate", better="higher", options=options or {}, speaks_of=speaks_of)


class Answers(Struct, frozen=True):
    """SLIs that read the answer by itself or beside its references."""

    name: str = "answers"
    version: str = "1"
    slis: tuple[SliSpec, ...] = (
        _rate("exact_match", "is one of the references, but for case, punctuation and articles", speaks_of="reference"),
        SliSpec(
            name="token_f1",
            what="F1 of the words shared with the nearest reference",
            kind="score",
            better="higher",
            speaks_of="reference",
        ),
        _rate(
            "contains",
            "has the words of a reference, or of `text`, in a row",
            options={"text": False},
            speaks_of="reference",
        ),
        _rate("regex", "`pattern` is found in the answer", options={"pattern": True}),
        _rate("json_valid", "the whole answer is valid JSON"),
    )

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`. Raises UsageError where `options_fault` has something to say."""
        scorer = f"{self.name}/{self.version}"
        answer = sample.response.answer or ""
        return [to_score(_outcome(answer, query, sli=sli), sample, sli=sli, scorer=scorer) for sli in slis]


_AGAINST: Mapping[str, Callable[[str, Sequence[str]], float]] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "contains": contains,
}


def _outcome(answer: str, query: GoldenQuery, *, sli: Sli) -> Outcome:
    if fault := options_fault(sli):
        raise UsageError(fault)
    if sli.name == "json_valid":
        return json_valid(answer)
    if sli.name == "regex":
        return float(re.search(sli.options["pattern"], answer[:LONGEST_ANSWER]) is not None)
    texts = _texts(sli) if sli.name == "contains" and "text" in sli.options else query.reference
    return _AGAINST[sli.name](answer[:LONGEST_ANSWER], texts) if texts else Missing.NO_REFERENCE
