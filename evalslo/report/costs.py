"""What the calls of a run will take, as `evalslo check` prints it."""

import math
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from evalslo.model.outlook import CapOutlook, CostOutlook
from evalslo.report.figures import amount
from evalslo.report.paper import Paper, hanging, paper_of, put, said

_INDENT = 6
_RULE = "4 bytes a token, 4 tokens a message"


def render_costs(costs: Sequence[CostOutlook], *, console: Console) -> None:
    """Prints one paragraph for each endpoint that will be called: tokens, cost, and where a cap will end the run."""
    paper = paper_of(console)
    for cost in costs:
        put(paper, _lines(paper, cost))


def _lines(paper: Paper, cost: CostOutlook) -> list[Text]:
    lines = [Text.assemble("  ", paper.signs.arrow, " ", (said(paper, _title(cost)), "bold"))]
    for sentence in (*_takes(cost), *(_cap(cap, calls=cost.calls) for cap in cost.caps), *cost.notes):
        lines.extend(hanging(paper, "", Text(said(paper, sentence)), indent=_INDENT))
    return lines


def _title(cost: CostOutlook) -> str:
    if cost.judge is None:
        return _calls(cost.calls)
    most = "about" if cost.basis == "run" else "at most"
    return f"{most} {_calls(cost.calls)} of the judge {cost.judge}"


def _takes(cost: CostOutlook) -> Iterator[str]:
    if cost.basis == "recorded":
        what = "answers" if cost.judge is None else "replies"
        yield f"none is made: the {what} are a recording, and cost nothing"
    elif cost.basis == "unknown":
        yield f"what they take is unknown until a run is kept{_price_hint(cost)}"
    elif cost.basis == "run":
        yield f"as in run {cost.run_id}: {_counted(cost)}; retries come on top"
    else:
        looked_at = "" if cost.looked_at == cost.queries else f", by {cost.looked_at:,} of {cost.queries:,} prompts"
        yield f"about {_about(cost.prompt_tokens)} prompt tokens ({_RULE}{looked_at}) and {_completions(cost)}"
        yield f"{_at_most_usd(cost)}; retries come on top"


def _counted(cost: CostOutlook) -> str:
    tokens = f"about {_about(cost.prompt_tokens)} prompt and {_about(cost.completion_tokens)} completion tokens"
    counted = tokens if (cost.prompt_tokens, cost.completion_tokens) != (None, None) else "tokens unknown"
    dollars = f", about {amount(cost.cost_usd, unit='usd')}" if cost.cost_usd is not None else ", cost unknown"
    return counted + dollars + _price_hint(cost)


def _completions(cost: CostOutlook) -> str:
    if cost.completion_tokens is None:
        return "an unknown number of completion tokens: endpoint.params.max_tokens would bound it"
    return f"at most {cost.completion_tokens:,.0f} completion tokens"


def _at_most_usd(cost: CostOutlook) -> str:
    if cost.prompt_cost_usd is None:
        return f"cost unknown{_price_hint(cost)}"
    prompts = f"about {amount(cost.prompt_cost_usd, unit='usd')} for prompts"
    if cost.cost_usd is None:
        return f"{prompts}; for completions unknown"
    return f"{prompts}, at most {amount(cost.cost_usd - cost.prompt_cost_usd, unit='usd')} for completions"


def _price_hint(cost: CostOutlook) -> str:
    key = "endpoint.price" if cost.judge is None else f"judges.{cost.judge}.price"
    return "" if cost.price_is_known else f"{';' if cost.basis == 'unknown' else ':'} set {key}"


def _cap(cap: CapOutlook, *, calls: int) -> str:
    """Whether a cap will end the run, as far as that can be said."""
    name = f"limits.{cap.key} {cap.bound:,.10g}"
    least, most = cap.least, cap.most
    if least is not None and least >= calls:
        return f"{name} would not stop it"
    if most is None or (least is None and most >= calls):
        return f"{name}: whether it would stop the run is unknown"
    if least is None:
        return f"{name} would stop it after {_about(most)} of {_calls(calls)} at the latest"
    if most >= calls:
        return f"{name} may stop it, after {_about(least)} of {_calls(calls)} at the earliest"
    if _about(least) == _about(most):
        return f"{name} would stop it after about {_about(least)} of {_calls(calls)}"
    return f"{name} would stop it after about {_about(least)} to {_about(most)} of {_calls(calls)}"


def _calls(number: int) -> str:
    return f"{number:,} call{'' if number == 1 else 's'}"


def _about(number: float | None) -> str:
    """A number to two digits, which is what an estimate is worth."""
    if number is None:
        return "an unknown number of"
    digits = 0 if number < 1 else 1 - math.floor(math.log10(number))
    return f"{round(number, min(digits, 0)):,.0f}"
