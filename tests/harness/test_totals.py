"""What samples come to while they pass by: counted once, unknown where a part is, and of a cached answer nothing spent."""

from evalslo.harness.totals import RunningTotals
from evalslo.model.golden import Context
from evalslo.model.sample import CallError, ErrorClass, Response, Sample, Usage


def answered(*, prompt=10, completion=2, cost=0.5, timing="live", attempts=1, contexts=None):
    response = Response(
        answer="a",
        contexts=contexts,
        usage=Usage(prompt_tokens=prompt, completion_tokens=completion),
        cost_usd=cost,
        timing=timing,
    )
    return Sample(query_id="q", repeat=0, response=response, attempts=attempts, started_at="")


def failed(message, *, kind=ErrorClass.SERVER, attempts=1):
    response = Response(error=CallError(kind=kind, message=message))
    return Sample(query_id="q", repeat=0, response=response, attempts=attempts, started_at="")


def totals(*samples):
    running = RunningTotals()
    for sample in samples:
        running.take(sample)
    return running.totals()


def spent(*samples):
    usage = totals(*samples).usage
    return usage.prompt_tokens, usage.completion_tokens, usage.cost_usd


def test_attempts_are_calls_and_all_but_the_first_are_retries():
    usage = totals(answered(attempts=3), failed("no", attempts=2)).usage
    assert (usage.calls, usage.retries, usage.cached) == (5, 3, 0)


def test_a_sum_is_unknown_where_a_part_is_or_there_is_none():
    assert spent(answered(), answered(prompt=None), failed("no")) == (None, 4, 1.0)
    assert spent(answered(cost=None), answered()) == (20, 4, None)
    assert spent(failed("no")) == (None, None, None)


def test_a_cached_answer_is_no_call_and_cost_this_run_nothing():
    usage = totals(answered(timing="cached"), answered(timing="cached", cost=None, prompt=None), answered()).usage
    assert (usage.calls, usage.retries, usage.cached) == (1, 0, 2)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cost_usd) == (10, 2, 0.5)
    assert spent(answered(timing="cached", cost=None)) == (0, 0, 0.0)


def test_errors_are_counted_by_class_and_the_first_of_each_is_quoted():
    found = totals(
        failed("one"), failed("late", kind=ErrorClass.TIMEOUT), failed("two"), failed("x", kind=ErrorClass.DNS)
    )
    assert list(found.errors.items()) == [("server", 2), ("dns", 1), ("timeout", 1)]
    assert found.error_examples == {"server": "one", "timeout": "late", "dns": "x"}


def test_why_nothing_was_answered_is_the_most_frequent_failure():
    assert totals(failed("rare"), failed("often"), failed("often")).unanswered == "2 of 3 calls failed with: often"
    assert totals().unanswered == "no call was made"
    assert totals(failed("often"), answered(), failed("often")).unanswered is None


def test_a_run_is_live_where_every_sample_is():
    assert totals(answered(), failed("no")).live
    assert not totals(answered(), answered(timing="recorded")).live
    assert totals(answered(timing="cached"), answered()).timings == ("cached", "live")


def test_the_three_most_frequent_failures_of_scorers_are_told():
    running = RunningTotals()
    for note, times in (("a", 1), ("b", 3), ("c", 2), ("d", 1)):
        for _ in range(times):
            running.note("contains", note)
    assert [(one.sli, one.note, one.times) for one in running.totals().failed_scorers] == [
        ("contains", "b", 3),
        ("contains", "c", 2),
        ("contains", "a", 1),
    ]


def test_answers_that_name_a_document_twice_are_counted():
    twice = (Context(id="a", text="x"), Context(id="b", text="x"), Context(id="a", text="y"))
    found = totals(
        answered(contexts=twice), answered(contexts=twice[:2]), answered(contexts=()), answered(), failed("no")
    )
    assert found.repeating == 1
