"""What a run has spent, and whether another call would go over what it may."""

from evalslo.model.run import Stop
from evalslo.model.sample import Response
from evalslo.model.suite import Limits

FIRST_CALLS = 4  # that begin, where what calls take is bounded, before one has said what it took
ROUNDING = 1e-9  # a hundred cents are a dollar, summed in binary too


def tokens_used(response: Response) -> int | None:
    """Prompt and completion tokens together; None where one of them is not known."""
    usage = response.usage
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    return usage.prompt_tokens + usage.completion_tokens


class _Spent:
    """One kind of thing that is spent, over all calls; `silent` are the answers of this sitting that did not tell it."""

    __slots__ = ("_known", "_largest", "heard", "known", "silent", "unknown")

    def __init__(self) -> None:
        self._known = self._largest = 0.0
        self.known = self.unknown = self.heard = self.silent = 0

    def count(self, amount: float | None, *, answered: bool, earlier: bool) -> None:
        if amount is not None:
            self._known += amount
            self._largest = max(self._largest, amount)
            self.known += 1
            self.heard += not earlier
        elif answered:  # nobody knows that a failed call cost anything
            self.unknown += 1
            self.silent += not earlier

    @property
    def total(self) -> float:
        """What is spent: an answer that did not tell is charged as the largest that did; before any did, nothing is known."""
        return self._known + self.unknown * self._largest

    def too_much(self, cap: float, *, calls: int) -> bool:
        """Whether so many calls more, of the mean size, would go over the cap; before any was seen: whether it is 0."""
        total = self.total
        more = calls * total / (self.known + self.unknown) if self.known else 0.0
        return total + more > cap * (1 + ROUNDING) or total >= cap

    @property
    def supposed(self) -> str:
        """A word on what of the total was not told; "" where all was."""
        return f" (with the largest known for each of {self.unknown:,} unknown)" if self.unknown else ""


class Spending:
    """What the live calls of all sittings of a run have spent. Recorded and cached answers cost nothing.

    `priced`: the endpoint has a price, so that an answer with usage has a cost. `judge` names the judge whose calls they are;
    None: they are the endpoint's.
    """

    def __init__(self, limits: Limits, *, priced: bool = False, judge: str | None = None) -> None:
        self._limits, self._priced = limits, priced
        self._who, self._place = ("the endpoint", "") if judge is None else (f"judge {judge}", f"judges.{judge}.")
        self._price = "endpoint.price" if judge is None else f"{self._place}price"
        self._cost, self._tokens = _Spent(), _Spent()
        self.live = 0

    def count(self, response: Response, *, earlier: bool = False) -> None:
        """Counts one attempt, of this sitting or of an `earlier` one."""
        if response.timing != "live":
            return
        answered = response.error is None
        self.live += 1
        self._cost.count(response.cost_usd, answered=answered, earlier=earlier)
        self._tokens.count(tokens_used(response), answered=answered, earlier=earlier)

    @property
    def cost_usd(self) -> float | None:
        """What was spent so far; None where the cost of an answer is unknown, or of all calls."""
        return None if self._cost.unknown or not self._cost.known else self._cost.total

    @property
    def unseen(self) -> bool:
        """Whether there is a cap, and nothing yet that says what a call takes."""
        limits = self._limits
        return (limits.max_cost_usd is not None and not self._cost.known) or (
            limits.max_tokens is not None and not self._tokens.known
        )

    def refusal(self, *, in_flight: int) -> Stop | None:
        """Why no further call may begin while `in_flight` are under way; None where one may."""
        limits = self._limits
        if limits.max_cost_usd is None and limits.max_tokens is None and limits.tokens_per_minute is None:
            return None
        return self._cost_unknown() or self._usage_unknown() or self._over(in_flight + 1)

    def _cost_unknown(self) -> Stop | None:
        """A stop where a handful of answers in this sitting, and none in any, left it unknown what a call costs."""
        if self._limits.max_cost_usd is None or self._cost.known or self._cost.silent < FIRST_CALLS:
            return None
        found = f"{self._who} reported no usage" if self._priced else f"there is no {self._price}"
        mend = "make it report usage" if self._priced else f"set {self._price}"
        text = f"{self._place}limits.max_cost_usd: what answers cost is unknown, as {found}; {mend} and start anew"
        return Stop(code="cost_unknown", text=f"{text}, or take the limit out and go on with --resume")

    def _usage_unknown(self) -> Stop | None:
        """The same for tokens. A bound on the minute is kept by what this sitting heard: the mean stands in for the unknown."""
        limits = self._limits
        if self._tokens.silent < FIRST_CALLS:
            return None
        of_minute = limits.tokens_per_minute is not None and not self._tokens.heard
        of_run = limits.max_tokens is not None and not self._tokens.known
        bounds = [name for name, holds in (("max_tokens", of_run), ("tokens_per_minute", of_minute)) if holds]
        if not bounds:
            return None
        text = f"{self._place}limits.{' and limits.'.join(bounds)}: {self._who} reported no usage; make it report usage"
        # the caps may change under a run that goes on, its pace may not
        mend = (
            "or take that out, and start anew"
            if of_minute
            else "and start anew, or take the limit out and go on with --resume"
        )
        return Stop(code="usage_unknown", text=f"{text} {mend}")

    def _over(self, calls: int) -> Stop | None:
        limits, go_on = self._limits, "the next call could go over it; raise it and run again with --resume"
        if limits.max_cost_usd is not None and self._cost.too_much(limits.max_cost_usd, calls=calls):
            spent = f"{self._cost.total:.4g} of {limits.max_cost_usd:g} USD are spent{self._cost.supposed}"
            return Stop(code="cost_cap", text=f"{self._place}limits.max_cost_usd: {spent}, and {go_on}")
        if limits.max_tokens is not None and self._tokens.too_much(limits.max_tokens, calls=calls):
            spent = f"{self._tokens.total:,.0f} of {limits.max_tokens:,} are spent{self._tokens.supposed}"
            return Stop(code="token_cap", text=f"{self._place}limits.max_tokens: {spent}, and {go_on}")
        return None
