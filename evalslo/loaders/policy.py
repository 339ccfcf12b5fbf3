"""The release policy of a suite: its conditions, and the times in which nothing is released."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast
from zoneinfo import ZoneInfo

from evalslo.errors import UsageError
from evalslo.loaders.objectives import Complaint
from evalslo.loaders.telling import quoted
from evalslo.loaders.yaml_marks import Keys
from evalslo.model.policy import Condition, FreezePeriod, Policy, PolicyStep

if TYPE_CHECKING:
    from evalslo.loaders.schema import FreezeKeys, PolicyKeys

_NUMBER = r"(?P<number>-?[0-9]{1,6}(?:\.[0-9]{1,6})?)"
_CONDITION = re.compile(
    rf"\s*(?P<measure>remaining|burn)\s*(?P<op><=|>=|<|>)\s*{_NUMBER}\s*(?P<percent>%)?"
    r"(?:\s+over\s+(?P<over>[1-9][0-9]{0,4})(?P<unit>[mhd]))?\s*"
)
_UNIT_S = {"m": 60, "h": 3600, "d": 86_400}
_GRAMMAR = "wanted 'remaining <= 25%' or 'burn >= 6 over 6h'"


def read_policy(said: "PolicyKeys | None") -> Policy | None:
    """The policy; None where the suite has none. It was found to be without fault before."""
    if said is None:
        return None
    steps = [PolicyStep(when=read_condition(one.when), then=one.then, text=one.text) for one in said.steps]
    if said.freeze_when is not None:
        steps.append(PolicyStep(when=read_condition(said.freeze_when), then="freeze"))
    return Policy(
        steps=tuple(steps),
        freezes=tuple(_freeze(one) for one in said.freezes),
        on_no_data=said.on_no_data,
        exempt=tuple(said.exempt),
    )


def read_condition(text: str) -> Condition:
    """The condition that a text states. Raises UsageError with the grammar."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(f"{quoted(text)} is no condition; {_GRAMMAR}")
    remaining = found["measure"] == "remaining"
    if remaining != (found["percent"] is not None) or remaining != (found["over"] is None):
        raise UsageError(f"{quoted(text)}: what remains is in per cent, a burn is a number over a time; {_GRAMMAR}")
    number = Fraction(found["number"])
    if not remaining and number < 0:
        raise UsageError(f"{quoted(text)}: a burn is never below 0; {_GRAMMAR}")
    return Condition(
        text=" ".join(text.split()),
        measure=cast("Literal['remaining', 'burn']", found["measure"]),
        op=cast("Literal['<=', '>=', '<', '>']", found["op"]),
        bound=number / 100 if remaining else number,
        over_s=None if remaining else int(found["over"]) * _UNIT_S[found["unit"]],
    )


def check_policy(said: "PolicyKeys | None") -> Iterator[Complaint]:
    """What the schema cannot see of a policy: conditions that state nothing, times that end before they begin."""
    if said is None:
        return
    if said.freeze_when is not None:
        yield from _check_condition(said.freeze_when, keys=("policy", "freeze_when"))
    for place, step in enumerate(said.steps):
        yield from _check_condition(step.when, keys=("policy", "steps", place, "when"))
    for place, freeze in enumerate(said.freezes):
        try:
            _freeze(freeze)
        except UsageError as fault:
            yield ("policy", "freezes", place), str(fault)


def _check_condition(text: str, *, keys: Keys) -> Iterator[Complaint]:
    try:
        read_condition(text)
    except UsageError as fault:
        yield keys, str(fault)


def _freeze(said: "FreezeKeys") -> FreezePeriod:
    try:
        zone = ZoneInfo(said.timezone)
    except (OSError, ValueError, KeyError):
        raise UsageError(
            f"no time zone {quoted(said.timezone)} is known here; wanted an IANA name, for example Europe/Berlin or UTC"
        ) from None
    start, end = _moment(said.start, zone, last=False), _moment(said.end, zone, last=True)
    if end <= start:
        raise UsageError(f"it ends ({said.end}) before it begins ({said.start}); wanted from the earlier to the later")
    return FreezePeriod(start=start, end=end, reason=said.reason)


def _moment(said: str, zone: ZoneInfo, *, last: bool) -> int:
    """A moment in seconds since 1970; of a day its beginning, or with `last` the beginning of the next one."""
    try:
        if len(said) == len("2026-12-20"):
            day = date.fromisoformat(said) + timedelta(days=1 if last else 0)
            return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
        at = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise UsageError(f"{quoted(said)} is no day; wanted 2026-12-20, or 2026-12-20T18:00") from None
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp())
