"""The SLIs that a rubric in words defines: `rubric:<name>` on a scale, `task_success` with yes or no."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from evalslo.model.sli import Sli, SliSpec

RUBRIC = SliSpec(
    name="rubric",
    what="how far the answer meets the rubric, by a judge's grade",
    kind="score",
    better="higher",
    unproven=True,
    options={"rubric": True, "scale": False},
)
TASK_SUCCESS = SliSpec(
    name="task_success",
    what="the task is done, by a judge or by a function",
    kind="rate",
    better="higher",
    unproven=True,
    options={"rubric": False, "check": False},
)
GRADED: Mapping[str, SliSpec] = MappingProxyType({spec.name: spec for spec in (RUBRIC, TASK_SUCCESS)})
SCALES: Mapping[str, tuple[int, int]] = MappingProxyType({"0-1": (0, 1), "1-5": (1, 5), "0-10": (0, 10)})
"""The lowest and the highest grade of each scale."""
LONGEST_RUBRIC = 20_000
"""Characters."""

_CHECK = r"[^\s:]+:[A-Za-z_][\w.]*"


class Scale(Struct, frozen=True, kw_only=True):
    """The lowest and the highest grade; None stands for a verdict of yes or no."""

    lowest: int
    highest: int

    def normalised(self, grade: float) -> float:
        """`grade` in [0, 1]."""
        return (grade - self.lowest) / (self.highest - self.lowest)


def scale_of(sli: Sli) -> Scale | None:
    """The scale that a `rubric` is graded on; None for `task_success`, which is yes or no."""
    if sli.name == TASK_SUCCESS.name:
        return None
    lowest, highest = SCALES[sli.options.get("scale", "0-1")]
    return Scale(lowest=lowest, highest=highest)


def options_fault(sli: Sli) -> str | None:
    """What is wrong with the options of a `rubric` or a `task_success`, and how to mend it; None where nothing is.

    >>> options_fault(Sli(name="rubric", slug="tone", options={"rubric": "Is it polite?", "scale": "1-7"}))
    "rubric:tone: scale: found '1-7', wanted 0-1, 1-5 or 0-10"
    """
    if sli.name not in GRADED:
        return None
    if sli.name == TASK_SUCCESS.name and ("rubric" in sli.options) == ("check" in sli.options):
        found = "both" if sli.options else "neither"
        return f"{sli}: found {found} of rubric and check; wanted one: what a judge goes by, or a function"
    if "check" in sli.options:
        return _check_fault(sli, sli.options["check"])
    return _rubric_fault(sli) or (_scale_fault(sli) if sli.name == RUBRIC.name else None)


def _rubric_fault(sli: Sli) -> str | None:
    rubric = sli.options.get("rubric")
    if not isinstance(rubric, str) or not rubric.strip():
        return f"{sli}: rubric: found {rubric!r:.80}, wanted the rubric's text: what makes an answer good"
    if len(rubric) > LONGEST_RUBRIC:
        return f"{sli}: rubric: found {len(rubric)} characters, wanted {LONGEST_RUBRIC} at most"
    return None


def _scale_fault(sli: Sli) -> str | None:
    scale = sli.options.get("scale", "0-1")
    if isinstance(scale, str) and scale in SCALES:
        return None
    return f"{sli}: scale: found {scale!r:.80}, wanted 0-1, 1-5 or 0-10"


def _check_fault(sli: Sli, check: object) -> str | None:
    if isinstance(check, str) and re.fullmatch(_CHECK, check):
        return None
    return f"{sli}: check: found {check!r:.80}, wanted module:function, or path/to/file.py:function"
