"""What an objective means: its words and what is known of its SLI give a target, exact to the last digit.

`latency p95 <= 2s` and `latency <= 2s for 95% of requests` are the same kind of objective: a share of good events.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from evalslo.errors import UsageError
from evalslo.loaders.clause import Clause, Token, read_clause, refuse
from evalslo.loaders.telling import quoted, unknown
from evalslo.model.objective import Event, Op, Shape
from evalslo.model.sli import Sli, SliSpec, Unit

TIMES: Mapping[str, Fraction] = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60)}
_UNITS: Mapping[Unit, Mapping[str, Fraction]] = {
    "s": TIMES,
    "tokens": {"tokens": Fraction(1)},
    "usd": {"usd": Fraction(1)},
    "/s": {"/s": Fraction(1)},
}
_WANTED_UNIT: Mapping[Unit, str] = {"s": "ms, s or m (minutes)", "tokens": "tokens", "usd": "usd", "/s": "/s"}
_SLI = re.compile(r"(?P<name>[^@:]*)(?:@(?P<k>[^:]*))?(?::(?P<slug>.*))?", re.DOTALL)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class ParsedObjective(Struct, frozen=True, kw_only=True):
    """What an objective's text alone says; the fields mean what they mean in `Objective`.

    `soft_only` says in words why it may not block a release; None where it may.
    """

    sli: Sli
    op: Op
    target: Fraction
    shape: Shape
    event: Event | None = None
    quantile: Fraction | None = None
    soft_only: str | None = None


def parse_objective(text: str, *, slis: Mapping[str, SliSpec]) -> ParsedObjective:
    """The meaning of `text`; the options of its SLI are not in it. Raises UsageError at the first word that is wrong."""
    clause = read_clause(text)
    sli = _sli(clause, slis)
    if clause.sign:
        refuse(
            text,
            Token("word", "baseline"),
            "compares with a baseline: this version gates one run; write the target itself, for example "
            f"{quoted(f'{clause.sli.text} {clause.op.text} {clause.number.text}{_text(clause.unit)}')}",
        )
    reading = _Reading(clause=clause, sli=sli, spec=slis[sli.name], op="<=" if clause.op.text == "<=" else ">=")
    _check_direction(reading)
    if reading.spec.per_run:
        return _whole_run(reading)
    return {"rate": _rate, "score": _score, "quantity": _quantity}[reading.spec.kind](reading)


def parse_sli(text: str, *, slis: Mapping[str, SliSpec]) -> Sli:
    """The SLI that `text` names (`precision@5`, `regex:cites`), without its options. Raises UsageError."""
    parts = _SLI.fullmatch(text)
    name, k, slug = parts.group("name", "k", "slug") if parts else (text, None, None)
    spec = slis.get(name)
    if spec is None:
        raise UsageError(unknown(name, slis, what="SLI"))
    return Sli(name=name, k=_k(k, spec), slug=_slug(slug, spec))


def _k(text: str | None, spec: SliSpec) -> int | None:
    if text is None:
        if spec.takes_k:
            raise UsageError(f"{spec.name} looks at the first k contexts: write '{spec.name}@5'")
        return None
    if not spec.takes_k:
        raise UsageError(f"{spec.name} takes no '@k': write '{spec.name}'")
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) == 0:
        raise UsageError(f"found '@' and {quoted(text)}; wanted a whole number from 1 on, for example '{spec.name}@5'")
    return int(text)


def _slug(text: str | None, spec: SliSpec) -> str | None:
    if text is None:
        needed = [key for key, required in spec.options.items() if required]
        if needed:
            raise UsageError(
                f"{spec.name} needs a name and its {needed[0]}: write '{spec.name}:mine' and define it in slis"
            )
        return None
    if not spec.options:
        raise UsageError(f"{spec.name} takes no ':name': write '{spec.name}'")
    if not _SLUG.fullmatch(text):
        raise UsageError(f"found the name {quoted(text)}; wanted lower-case letters, digits, '-' and '_'")
    return text


class _Reading(Struct, frozen=True, kw_only=True):
    clause: Clause
    sli: Sli
    spec: SliSpec
    op: Op


def _sli(clause: Clause, slis: Mapping[str, SliSpec]) -> Sli:
    try:
        return parse_sli(clause.sli.text, slis=slis)
    except UsageError as error:
        refuse(clause.text, clause.sli, str(error))


def _check_direction(reading: _Reading) -> None:
    wanted = {"higher": ">=", "lower": "<=", None: reading.op}[reading.spec.better]
    if reading.op != wanted:
        clause = reading.clause
        refuse(clause.text, clause.op, f"{reading.spec.better} is better: write '{wanted}'")


def _rate(reading: _Reading) -> ParsedObjective:
    clause, name = reading.clause, reading.spec.name
    if clause.stat:
        refuse(clause.text, clause.stat, f"{name} is a rate and takes no statistic: write {quoted(_alone(clause))}")
    if clause.share:
        refuse(clause.text, clause.share, f"{name} is a rate already: write {quoted(_alone(clause))}")
    return ParsedObjective(sli=reading.sli, op=reading.op, target=_bound(reading), shape="event_ratio")


def _score(reading: _Reading) -> ParsedObjective:
    if _is_event_ratio(reading):
        return _event_ratio(reading)
    return ParsedObjective(sli=reading.sli, op=reading.op, target=_bound(reading), shape="mean")


def _quantity(reading: _Reading) -> ParsedObjective:
    clause = reading.clause
    if _is_event_ratio(reading):
        return _event_ratio(reading)
    if clause.stat is None:
        bound = f"{clause.op.text} {clause.number.text}{_text(clause.unit)}"
        example = f"'{clause.sli.text} p95 {bound}' or '{clause.sli.text} {bound} for 95% of requests'"
        refuse(clause.text, clause.sli, f"a quantity alone has no target: say p95 or for NN%, as in {example}")
    soft = "the mean of a quantity without an upper end has no bound that one slow answer could not break"
    return ParsedObjective(sli=reading.sli, op=reading.op, target=_bound(reading), shape="mean", soft_only=soft)


def _whole_run(reading: _Reading) -> ParsedObjective:
    clause = reading.clause
    if extra := clause.stat or clause.share:
        refuse(
            clause.text, extra, f"{reading.spec.name} is one figure of the whole run: write {quoted(_alone(clause))}"
        )
    soft = f"{reading.spec.name} is one figure of the whole run and has no interval"
    return ParsedObjective(sli=reading.sli, op=reading.op, target=_bound(reading), shape="mean", soft_only=soft)


def _is_event_ratio(reading: _Reading) -> bool:
    """True where the words speak of a share of events. Raises where they do so twice."""
    clause = reading.clause
    if clause.stat and clause.share:
        refuse(
            clause.text, clause.share, f"{quoted(clause.stat.text)} and 'for NN%' say the same in two ways: keep one"
        )
    return clause.share is not None or (clause.stat is not None and clause.stat.text != "mean")


def _event_ratio(reading: _Reading) -> ParsedObjective:
    clause = reading.clause
    of: Literal["requests", "queries"] = "queries" if clause.of and clause.of.text == "queries" else "requests"
    event = Event(op=reading.op, value=_bound(reading), unit=reading.spec.unit, of=of)
    quantile = _quantile(clause)
    target = _share(clause) if quantile is None else quantile if reading.op == "<=" else 1 - quantile
    return ParsedObjective(sli=reading.sli, op=">=", target=target, shape="event_ratio", event=event, quantile=quantile)


def _quantile(clause: Clause) -> Fraction | None:
    if clause.stat is None:
        return None
    quantile = Fraction(clause.stat.text[1:]) / 100
    if not 0 < quantile < 1:
        refuse(clause.text, clause.stat, "wanted a number between 0 and 100, both left out, for example p95 or p99.9")
    return quantile


def _share(clause: Clause) -> Fraction:
    share = clause.share or refuse(clause.text, clause.op, "wanted 'for 95% of requests'")
    value = Fraction(share.text) / 100
    if not 0 < value <= 1:
        refuse(clause.text, share, "wanted a share above 0% and up to 100%")
    return value


def _bound(reading: _Reading) -> Fraction:
    return _ratio(reading) if reading.spec.unit is None else _in_unit(reading, reading.spec.unit)


def _ratio(reading: _Reading) -> Fraction:
    clause, value = reading.clause, Fraction(reading.clause.number.text)
    if clause.unit and clause.unit.kind != "percent":
        refuse(clause.text, clause.unit, f"{reading.spec.name} has no unit: write a number from 0 to 1, or a per cent")
    target = value / 100 if clause.unit else value
    if not 0 <= target <= 1:
        meant = f"; did you mean '{clause.number.text}%'?" if not clause.unit and value <= 100 else ""
        refuse(clause.text, clause.number, f"outside the range 0 to 1 (0% to 100%){meant}")
    if target == (0 if reading.op == ">=" else 1):
        refuse(clause.text, clause.number, "every answer meets this target: it would hold nothing")
    return target


def _in_unit(reading: _Reading, unit: Unit) -> Fraction:
    clause, wanted = reading.clause, _WANTED_UNIT[unit]
    factor = _UNITS[unit].get(_text(clause.unit))
    if clause.unit is None:
        refuse(clause.text, clause.number, f"a number without its unit; wanted {wanted} after it")
    if factor is None:
        refuse(clause.text, clause.unit, f"{reading.spec.name} is measured in {wanted}")
    value = Fraction(clause.number.text) * factor
    if value == 0:
        refuse(clause.text, clause.number, "wanted more than 0")
    return value


def _alone(clause: Clause) -> str:
    return f"{clause.sli.text} {clause.op.text} {clause.number.text}{_text(clause.unit)}"


def _text(token: Token | None) -> str:
    return token.text if token else ""
