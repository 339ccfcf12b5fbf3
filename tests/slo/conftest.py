"""Builders of objectives, observations and suites; the defaults are those of a suite that says nothing."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Event, Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import Counts, Estimate, ObjectiveResult, Observation, Verdict
from evalslo.model.sli import Sli, SliSpec
from evalslo.model.suite import EndpointSpec, GateRules, GoldenSource, Limits, Suite

ALPHA, FLOOR = Fraction(1, 20), Fraction(3, 10)
RULES = GateRules()

HALLUCINATION = SliSpec(
    name="hallucination", what="it made it up", kind="rate", better="lower", on_error="unmeasured", unproven=True
)
ERRORS = SliSpec(name="errors", what="it failed", kind="rate", better="lower")
CONTAINS = SliSpec(name="contains", what="it says it", kind="rate", better="higher", speaks_of="reference")
TOKEN_F1 = SliSpec(name="token_f1", what="overlap", kind="score", better="higher")
TOXICITY = SliSpec(name="toxicity", what="rudeness", kind="score", better="lower")
PRECISION = SliSpec(
    name="precision", what="relevant share", kind="score", better="higher", takes_k=True, speaks_of="relevant"
)
LATENCY = SliSpec(name="latency", what="time", kind="quantity", better="lower", unit="s")
TOKENS = SliSpec(name="tokens", what="length", kind="quantity", better=None, on_error="unmeasured", unit="tokens")
THROUGHPUT = SliSpec(
    name="throughput", what="answers a second", kind="quantity", better="higher", unit="/s", per_run=True
)
SPECS = (HALLUCINATION, ERRORS, CONTAINS, TOKEN_F1, TOXICITY, PRECISION, LATENCY, TOKENS, THROUGHPUT)


def share(number):
    """An exact number from its text: `share("0.95")`."""
    return Fraction(number)


def rate(op, target, *, sli="errors", **more):
    """`errors <= target`: an event ratio whose SLI itself says good or bad."""
    return _objective(sli, op, target, shape="event_ratio", **more)


def mean(op, target, *, sli="token_f1", **more):
    return _objective(sli, op, target, shape="mean", **more)


def events(target, op, value, *, sli="latency", of="requests", unit="s", **more):
    """`latency <= 2s for 95% of requests`."""
    event = Event(op=op, value=Fraction(value), unit=unit, of=of)
    return _objective(sli, ">=", target, shape="event_ratio", event=event, **more)


def quantile(q, op, value, *, sli="latency", **more):
    """`latency p95 <= 2s`, and `tokens p10 >= 50`, as the grammar reads them."""
    target = Fraction(q) if op == "<=" else 1 - Fraction(q)
    return events(target, op, value, sli=sli, quantile=Fraction(q), **more)


def _objective(sli, op, target, *, shape, id=None, alpha=ALPHA, k=None, **more):  # noqa: A002 - the noun's own word
    name = Sli(name=sli, k=k)
    return Objective(
        id=id or str(name),
        text=f"{name} {op} {float(Fraction(target))}",
        sli=name,
        op=op,
        target=Fraction(target),
        shape=shape,
        alpha=Fraction(alpha),
        **more,
    )


def spec_of(objective):
    return {spec.name: spec for spec in SPECS}[objective.sli.name]


def one(value, query, *, repeat=0, group=None):
    """One observation; a `Missing` in place of the value says why there is none."""
    cluster = f"query:{query}" if group is None else f"group:{group}"
    if isinstance(value, Missing):
        return Observation(query_id=str(query), cluster=cluster, repeat=repeat, missing=value)
    return Observation(query_id=str(query), cluster=cluster, repeat=repeat, value=float(value))


def singles(values):
    """One observation a query."""
    return [one(value, number) for number, value in enumerate(values)]


def repeated(rows):
    """One query a row of values, its repeats."""
    return [one(value, number, repeat=repeat) for number, row in enumerate(rows) for repeat, value in enumerate(row)]


def grouped(groups):
    """One group a list, of one query a row of values."""
    return [
        one(value, f"{group}-{query}", repeat=repeat, group=group)
        for group, queries in enumerate(groups)
        for query, row in enumerate(queries)
        for repeat, value in enumerate(row)
    ]


def rates(bad, n, *, unmeasured=0, not_applicable=0):
    """Observations of a rate that is better lower: `bad` times 1, else 0."""
    values = [1.0] * bad + [0.0] * (n - bad)
    values += [Missing.SCORER_ERROR] * unmeasured + [Missing.NO_CLAIM] * not_applicable
    return singles(values)


def queries(number, *, group_size=None, **more):
    """Golden queries, in groups of `group_size` where it is given."""
    return [
        GoldenQuery(id=f"q{i}", query="?", group=None if group_size is None else str(i // group_size), **more)
        for i in range(number)
    ]


def suite(objectives: Sequence[Objective], *, repeats=1, gate=RULES, specs: Iterable[SliSpec] = SPECS):
    return Suite(
        name="s",
        service=None,
        golden=GoldenSource(path="golden.jsonl"),
        endpoint=EndpointSpec(kind="python"),
        objectives=tuple(objectives),
        slis={spec.name: spec for spec in specs},
        repeats=repeats,
        limits=Limits(),
        gate=gate,
        file="suite.yaml",
        folder=Path(),
        text="",
        digest="sha256:0",
    )


def row(verdict, *, id="a", p_fail=None, critical=True, warn=False, reasons=(), alpha=ALPHA):  # noqa: A002
    """A row of the scorecard with the given verdict; `p_fail` is what Holm's correction looks at."""
    objective = rate("<=", "0.05", id=id, critical=critical, alpha=alpha, on_inconclusive="warn" if warn else "block")
    estimate = None
    if verdict is not Verdict.ERROR:
        estimate = Estimate(
            estimate=0.05, lower=0.0, upper=1.0, p_pass=0.5, p_fail=p_fail, method="clopper-pearson", clusters=9
        )
    counts = Counts(planned=9, n=9, good=8, bad=1, unmeasured=0, not_applicable=0)
    return ObjectiveResult(
        objective=objective, verdict=verdict, counts=counts, scorer=None, estimate=estimate, reasons=tuple(reasons)
    )
