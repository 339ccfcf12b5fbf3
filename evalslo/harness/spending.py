"""What a run has spent, and whether another call would go over what it may."""

from evalslo.model.run import Stop
from evalslo.model.sample import Response
from evalslo.model.suite import Limits

ROUNDING = 1e-9  # a hundred cents are a dollar, summed in binary too


def tokens_used(response: Response) -> int | None:
    """Prompt and completion tokens together; None where one of them is not known."""
    usage = response.usage
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    return usage.prompt_tokens + usage.completion_tokens


class _Spent:
    """One kind of thing that is spent: the sum of what is known, of how many calls, and whether any is unknown."""

    __slots__ = ("calls", "total", "unknown")

    def __init__(self) -> None:
        self.total = 0.0
        self.calls = 0
        self.unknown = False

    def count(self, amount: float | None, *, answered: bool) -> None:
        if amount is None:
            self.unknown |= answered  # nobody knows that a failed call cost anything
        else:
            self.total += amount
            self.calls += 1

    def too_much(self, cap: float, *, calls: int) -> bool:
        """Whether so many calls more, of the mean size, would go over the cap; before any was seen: whether it is 0."""
        more = calls * (self.total / self.calls) if self.calls else 0.0
        return self.total + more > cap * (1 + ROUNDING) or self.total >= cap


class Spending:
    """What the live calls of all sittings of a run have spent. Recorded and cached answers cost nothing."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cost, self._tokens = _Spent(), _Spent()
        self.live = 0

    def count(self, response: Response) -> None:
        """Counts one attempt."""
        if response.timing != "live":
            return
        answered = response.error is None
        self.live += 1
        self._cost.count(response.cost_usd, answered=answered)
        self._tokens.count(tokens_used(response), answered=answered)

    @property
    def cost_usd(self) -> float | None:
        """What was spent so far; None where the cost of an answer is unknown, or of all calls."""
        return None if self._cost.unknown or not self._cost.calls else self._cost.total

    @property
    def unseen(self) -> bool:
        """Whether there is a cap, and nothing yet that says what a call takes."""
        limits = self._limits
        return (limits.max_cost_usd is not None and not self._cost.calls) or (
            limits.max_tokens is not None and not self._tokens.calls
        )

    def refusal(self, *, in_flight: int) -> Stop | None:
        """Why no further call may begin while `in_flight` are under way; None where one may."""
        limits = self._limits
        if limits.max_cost_usd is None and limits.max_tokens is None and limits.tokens_per_minute is None:
            return None
        return self._unknown() or self._over(in_flight + 1)

    def _unknown(self) -> Stop | None:
        limits = self._limits
        if limits.max_cost_usd is not None and self._cost.unknown:
            text = "limits.max_cost_usd: what an answer cost is unknown; set endpoint.price or take the cap out"
            return Stop(code="cost_unknown", text=f"{text}, then run again with --resume")
        held = "max_tokens" if limits.max_tokens is not None else None
        if limits.tokens_per_minute is not None and not self._tokens.calls:  # else the mean stands in for the unknown
            held = held or "tokens_per_minute"
        if held is not None and self._tokens.unknown:
            text = f"limits.{held}: the endpoint did not say how many tokens an answer took; make it report usage"
            return Stop(code="usage_unknown", text=f"{text} or take the limit out, then run again with --resume")
        return None

    def _over(self, calls: int) -> Stop | None:
        limits, go_on = self._limits, "the next call could go over it; raise it and run again with --resume"
        if limits.max_cost_usd is not None and self._cost.too_much(limits.max_cost_usd, calls=calls):
            text = f"limits.max_cost_usd: {self._cost.total:.4g} of {limits.max_cost_usd:g} USD are spent, and {go_on}"
            return Stop(code="cost_cap", text=text)
        if limits.max_tokens is not None and self._tokens.too_much(limits.max_tokens, calls=calls):
            text = f"limits.max_tokens: {self._tokens.total:,.0f} of {limits.max_tokens:,} are spent, and {go_on}"
            return Stop(code="token_cap", text=text)
        return None
