from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.errors import UsageError
from evalslo.loaders.grammar import parse_objective, parse_sli
from evalslo.model.objective import Event
from evalslo.model.sli import Sli


def event(op, value, unit=None, of="requests"):
    return Event(op=op, value=value, unit=unit, of=of)


@pytest.mark.parametrize(
    ("text", "op", "target", "shape", "good", "quantile"),
    [
        ("hallucination <= 5%", "<=", Fraction(1, 20), "event_ratio", None, None),
        ("hallucination<=0.05", "<=", Fraction(1, 20), "event_ratio", None, None),
        ("errors <= 0.1 %", "<=", Fraction(1, 1000), "event_ratio", None, None),
        ("exact_match >= 99.9%", ">=", Fraction(999, 1000), "event_ratio", None, None),
        ("exact_match >= 100%", ">=", Fraction(1), "event_ratio", None, None),
        ("faithfulness >= 0.8", ">=", Fraction(4, 5), "mean", None, None),
        ("faithfulness mean >= 80%", ">=", Fraction(4, 5), "mean", None, None),
        ("precision@5 >= .60", ">=", Fraction(3, 5), "mean", None, None),
        (
            "faithfulness >= 0.8 for 95% of requests",
            ">=",
            Fraction(19, 20),
            "event_ratio",
            event(">=", Fraction(4, 5)),
            None,
        ),
        (
            "faithfulness >= 80% for 95 % of queries",
            ">=",
            Fraction(19, 20),
            "event_ratio",
            event(">=", Fraction(4, 5), of="queries"),
            None,
        ),
        (
            "faithfulness p10 >= 0.7",
            ">=",
            Fraction(9, 10),
            "event_ratio",
            event(">=", Fraction(7, 10)),
            Fraction(1, 10),
        ),
        (
            "verbosity p99.9 <= 0.3",
            ">=",
            Fraction(999, 1000),
            "event_ratio",
            event("<=", Fraction(3, 10)),
            Fraction(999, 1000),
        ),
        (
            "latency <= 2s for 95% of requests",
            ">=",
            Fraction(19, 20),
            "event_ratio",
            event("<=", Fraction(2), "s"),
            None,
        ),
        (
            "ttft p95 <= 800ms",
            ">=",
            Fraction(19, 20),
            "event_ratio",
            event("<=", Fraction(4, 5), "s"),
            Fraction(19, 20),
        ),
        ("latency p50 <= 1.5 m", ">=", Fraction(1, 2), "event_ratio", event("<=", Fraction(90), "s"), Fraction(1, 2)),
        (
            "tokens p5 >= 10 tokens",
            ">=",
            Fraction(19, 20),
            "event_ratio",
            event(">=", Fraction(10), "tokens"),
            Fraction(1, 20),
        ),
        (
            "cost p99 <= 0.01 usd",
            ">=",
            Fraction(99, 100),
            "event_ratio",
            event("<=", Fraction(1, 100), "usd"),
            Fraction(99, 100),
        ),
        (
            "latency <= 2s for 100% of queries",
            ">=",
            Fraction(1),
            "event_ratio",
            event("<=", Fraction(2), "s", "queries"),
            None,
        ),
        ("latency mean <= 300ms", "<=", Fraction(3, 10), "mean", None, None),
        ("throughput >= 5/s", ">=", Fraction(5), "mean", None, None),
    ],
)
def test_what_an_objective_means(text, op, target, shape, good, quantile, slis):
    parsed = parse_objective(text, slis=slis)
    assert (parsed.op, parsed.target, parsed.shape, parsed.event, parsed.quantile) == (
        op,
        target,
        shape,
        good,
        quantile,
    )


@pytest.mark.parametrize("text", ["latency mean <= 300ms", "throughput >= 5/s"])
def test_a_mean_without_an_upper_end_and_a_figure_of_the_run_are_soft_only(text, slis):
    assert parse_objective(text, slis=slis).soft_only
    assert parse_objective("faithfulness mean >= 0.8", slis=slis).soft_only is None


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("faithfullness >= 0.8", "'faithfullness'", "did you mean 'faithfulness'? Known: contains, cost"),
        ("zzzz >= 0.8", "'zzzz'", "unknown SLI 'zzzz'; known: contains, cost"),
        ("precision >= 0.8", "'precision'", "write 'precision@5'"),
        ("precision@ >= 0.8", "'precision@'", "wanted a whole number from 1 on"),
        ("precision@0 >= 0.8", "'precision@0'", "wanted a whole number from 1 on"),
        ("precision@1.5 >= 0.8", "'precision@1.5'", "wanted a whole number from 1 on"),
        ("precision@٥ >= 0.8", "'precision@٥'", "wanted a whole number from 1 on"),
        ("latency@5 p95 <= 2s", "'latency@5'", "takes no '@k'"),
        ("faithfulness:x >= 0.8", "'faithfulness:x'", "takes no ':name'"),
        ("regex >= 90%", "'regex'", "needs a name and its pattern"),
        ("regex:Ab >= 90%", "'regex:Ab'", "wanted lower-case letters"),
        ("hallucination p95 <= 5%", "'p95'", "is a rate and takes no statistic: write 'hallucination <= 5%'"),
        ("hallucination mean <= 5%", "'mean'", "takes no statistic"),
        ("hallucination <= 5% for 95% of requests", "'95'", "is a rate already"),
        ("latency <= 2s", "'latency'", "say p95 or for NN%, as in 'latency p95 <= 2s'"),
        ("latency p95 <= 2s for 95% of requests", "'95'", "keep one"),
        ("faithfulness mean >= 0.8 for 95% of requests", "'95'", "keep one"),
        ("latency p0 <= 2s", "'p0'", "between 0 and 100"),
        ("latency p100 <= 2s", "'p100'", "between 0 and 100"),
        ("latency p95 <= 2", "'2'", "without its unit; wanted ms, s or m (minutes)"),
        ("latency p95 <= 2min", "'min'", "measured in ms, s or m (minutes)"),
        ("latency p95 <= 2%", "'%'", "measured in ms, s or m (minutes)"),
        ("latency p95 <= 2s for 3", "at its end", "wanted '%'"),
        ("tokens p95 <= 200", "'200'", "wanted tokens"),
        ("cost p95 <= 1s", "'s'", "measured in usd"),
        ("throughput >= 5", "'5'", "wanted /s"),
        ("throughput p5 >= 5/s", "'p5'", "one figure of the whole run: write 'throughput >= 5/s'"),
        ("throughput >= 5/s for 95% of requests", "'95'", "one figure of the whole run"),
        ("faithfulness >= 0.8s", "'s'", "has no unit"),
        ("hallucination <= 5", "'5'", "outside the range 0 to 1 (0% to 100%); did you mean '5%'?"),
        ("hallucination <= 101%", "'101'", "outside the range"),
        ("faithfulness >= 1.01 for 95% of requests", "'1.01'", "outside the range"),
        ("faithfulness >= 0.8 for 101% of requests", "'101'", "above 0% and up to 100%"),
        ("faithfulness >= 0.8 for 0% of requests", "'0'", "above 0% and up to 100%"),
        ("latency p95 <= 0s", "'0'", "wanted more than 0"),
        ("hallucination >= 5%", "'>='", "lower is better: write '<='"),
        ("faithfulness <= 0.8", "'<='", "higher is better: write '>='"),
        ("latency p95 >= 2s", "'>='", "lower is better: write '<='"),
        ("exact_match >= 0%", "'0'", "every answer meets this target"),
        ("hallucination <= 100%", "'100'", "every answer meets this target"),
        ("faithfulness >= 0 for 95% of requests", "'0'", "every answer meets this target"),
        ("hallucination < 5%", "'<'", "wanted '>=' or '<='"),
        ("hallucination = 5%", "'='", "wanted '>=' or '<='"),
        ("hallucination ≤ 5%", "'≤'", "wanted '>=' or '<='"),
        ("hallucination 5%", "'5'", "wanted 'mean', 'p95', '>=' or '<='"),
        ("hallucination p95 5%", "'5'", "wanted '>=' or '<='"),
        ("hallucination <=", "at its end", "wanted a number"),
        ("hallucination <= -5%", "'-'", "without sign"),
        ("hallucination <= 5e-2", "'-'", "wanted the end"),
        ("hallucination <= 5% please", "'please'", "wanted the end"),
        ("latency p95 <= 1,5 s", "','", "wanted the end"),
        ("latency <= 2s for 95% requests", "'requests'", "wanted 'of requests'"),
        ("latency <= 2s for 95% of users", "'users'", "wanted 'requests' or 'queries'"),
        ("latency <= 2s for many", "'many'", "wanted a share"),
        ("latency P95 <= 2s", "'P95'", "wanted 'mean', 'p95'"),
        (">= 5%", "'>='", "wanted an SLI first"),
        ("", "at its end", "wanted an SLI first"),
        ("\x1b[2J <= 5%", "'\\x1b[2J'", "unknown SLI"),
        ("hallucination <= baseline + 1%", "'baseline'", "compares with a baseline: this version gates one run"),
        ("latency p95 <= baseline - 20 ms", "'baseline'", "for example 'latency <= 20ms'"),
        ("hallucination <= baseline", "at its end", "wanted '+' or '-' and a margin"),
        ("hallucination <= baseline + much", "'much'", "wanted a number"),
    ],
)
def test_what_is_no_objective_is_told_at_the_word_that_is_wrong(text, at, says, slis):
    with pytest.raises(UsageError) as caught:
        parse_objective(text, slis=slis)
    message = str(caught.value)
    assert message.startswith(f"{text!r}, at")
    assert at in message.split(": ", 1)[0]
    assert says in message
    assert "\x1b" not in message


def test_an_endless_text_is_refused_and_not_repeated(slis):
    with pytest.raises(UsageError, match="100,019 characters; at most 200") as caught:
        parse_objective("hallucination <= 0." + "1" * 100_000, slis=slis)
    assert len(str(caught.value)) < 200


@given(number=st.decimals(min_value=0, max_value=1, places=9).filter(lambda number: number < 1))
def test_a_target_is_exactly_the_decimal_that_was_written(number, slis):
    assert parse_objective(f"hallucination <= {number:f}", slis=slis).target == Fraction(number)


@given(
    text=st.text(max_size=40)
    | st.from_regex(r"(latency|faithfulness|regex:a) ?(p9|mean)? ?[<>]= ?\d{1,3} ?(s|%)?.{0,9}")
)
def test_any_text_is_an_objective_or_a_usage_error(text, slis):
    try:
        parsed = parse_objective(text, slis=slis)
    except UsageError as error:
        told = str(error)
    else:
        told = ""
        assert parsed.shape == "event_ratio" or parsed.event is None
        assert parsed.target > 0 or parsed.op == "<="
    assert told.isprintable()


@pytest.mark.parametrize("text", ["latency", "precision@5", "regex:cites", "contains", "contains:a-b"])
def test_an_sli_is_written_as_it_is_read(text, slis):
    assert str(parse_sli(text, slis=slis)) == text


def test_an_sli_has_its_parts(slis):
    assert parse_sli("precision@10", slis=slis) == Sli(name="precision", k=10)
    assert parse_sli("regex:cites", slis=slis) == Sli(name="regex", slug="cites")
