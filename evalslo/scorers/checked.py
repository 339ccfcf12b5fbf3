"""Task success as a function of the user's own decides it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers.outcome import to_score
from evalslo.scorers.rubrics import TASK_SUCCESS

Check = Callable[[Mapping[str, Any], str], object]


class Checked(Struct, frozen=True):
    """`task_success` by `check(query, answer)`, which is given the whole golden row and says True or False.

    `version` is a digest of the function's source. What it raises is a failed scorer, and so is any other word than a bool.
    """

    check: Check
    version: str
    name: str = "check"
    slis: tuple[SliSpec, ...] = (TASK_SUCCESS,)

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """1 where the check says True, 0 where it says False."""
        said = self.check(msgspec.to_builtins(query), sample.response.answer or "")
        if not isinstance(said, bool):
            raise TypeError(f"the check gave {type(said).__name__}; wanted True or False")
        return [to_score(float(said), sample, sli=sli, scorer=f"{self.name}/{self.version}") for sli in slis]
