"""Windows of time: which period an objective is kept over now."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from evalslo.model.window import CalendarUnit, Period, Window

MINUTE_S = 60
NOMINAL_S: dict[CalendarUnit, int] = {"week": 7 * 86_400, "month": 30 * 86_400, "quarter": 91 * 86_400}
"""How long a calendar window counts where one length is wanted for all of them: OpenSLO's month has 30 days."""


def length_s(window: Window) -> int:
    """The length of a window in seconds; of a calendar one its nominal length."""
    if window.calendar is not None:
        return NOMINAL_S[window.calendar]
    return window.length_s or 0


def period_of(window: Window, *, now: int) -> Period:
    """The period that `now` lies in: of a calendar window all of it, of a rolling one the time before the next full minute.

    So a rolling period holds the minute that is running, and is exactly as long as its window.
    """
    if window.calendar is None:
        end = (now // MINUTE_S + 1) * MINUTE_S
        return Period(start=end - length_s(window), end=end)
    zone = ZoneInfo(window.timezone)
    first = _first_day(datetime.fromtimestamp(now, zone).date(), window.calendar)
    return Period(start=_midnight(first, zone), end=_midnight(_next(first, window.calendar), zone))


def elapsed(period: Period, *, now: int) -> Fraction:
    """The share of a period that is over at `now`, in [0, 1]."""
    return Fraction(min(max(now - period.start, 0), period.end - period.start), period.end - period.start)


def day_ends(period: Period, *, timezone: str, now: int) -> tuple[int, ...]:
    """The midnights of a period that have come by `now`, and the end of what has come of it; oldest first."""
    zone, last = ZoneInfo(timezone), min(period.end, now + MINUTE_S)
    ends: list[int] = []
    day = datetime.fromtimestamp(period.start, zone).date() + timedelta(days=1)
    while (end := _midnight(day, zone)) < last:
        ends.append(end)
        day += timedelta(days=1)
    return (*ends, last)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins; where clocks are put forward over midnight, when they are."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp())


def _first_day(day: date, unit: CalendarUnit) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    month = day.month if unit == "month" else (day.month - 1) // 3 * 3 + 1
    return date(day.year, month, 1)


def _next(first: date, unit: CalendarUnit) -> date:
    if unit == "week":
        return first + timedelta(days=7)
    month = first.month + (1 if unit == "month" else 3)
    return date(first.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
