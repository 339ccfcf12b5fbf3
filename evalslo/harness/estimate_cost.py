"""What the calls of a run will take, before any is made.

The mean of a kept run is taken where there is one of the same endpoint: it was counted. Else prompts are written out and
their tokens guessed: one for every 4 bytes of UTF-8, and 4 for each message.

Source: 4 characters a token is OpenAI's rule of thumb for English ("What are tokens and how to count them?"), 3 tokens and
the role for each message its cookbook's ("How to count tokens with tiktoken"). Bytes in place of characters, because
tokenizers merge bytes, and other scripts have more of both a character. On the 228 English prompts of fixtures/handbook it is
0.2 % and 3.4 % above what two models' servers counted, on the 24 German ones 35 % and 12 % below.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean

from msgspec import Struct
from msgspec.structs import replace

from evalslo.endpoints.attempt import CallFailed
from evalslo.endpoints.openai import completion_body, read_chat
from evalslo.endpoints.options import expand_all
from evalslo.errors import MeasurementError, UsageError
from evalslo.harness.plan import PlannedCall, request_for
from evalslo.harness.scored_by import judges_asked, questions_an_answer, who_is
from evalslo.model.golden import GoldenQuery
from evalslo.model.outlook import CapOutlook, CostBasis, CostOutlook
from evalslo.model.protocols import Endpoint
from evalslo.model.run import Manifest
from evalslo.model.sample import Response
from evalslo.model.suite import JudgeSpec, Limits, Price, Suite
from evalslo.store.home import kept_runs
from evalslo.store.judgements import read_judgements
from evalslo.store.run_folder import RunFolder, read_samples

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
LOOKED_AT = 1000  # prompts, or samples of a kept run: a mean of so many is sharper than the rule
_RUNS_LOOKED_AT = 3
_WRITES_THE_BODY = ("model", "params", "prompt", "system", "stream")
_PRICED = ("openai", "http")  # the others may report a cost of their own
_DECIDES_TOKENS = ("kind", "model", "params", "prompt_digest", "system_digest", "url", "body", "target", "options")


class Use(Struct, frozen=True, kw_only=True):
    """What one call takes on average; None: unknown. `cost_usd` is what the endpoint itself reported."""

    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    cost_usd: float | None = None


def estimate_costs(
    suite: Suite, queries: Sequence[GoldenQuery], *, endpoint: Endpoint | None, environ: Mapping[str, str], home: Path
) -> tuple[CostOutlook, ...]:
    """One outlook for each endpoint that a run calls: the suite's, and then those of its judges. Calls nothing.

    `endpoint` tells whether a run kept in `home` called the same; None where it could not be opened.
    """
    answers = _of_answers(suite, queries, endpoint=endpoint, environ=environ, home=home)
    return (answers, *(_of_judge(suite, judge, answers=answers.calls, home=home) for judge in judges_asked(suite)))


def _of_answers(
    suite: Suite, queries: Sequence[GoldenQuery], *, endpoint: Endpoint | None, environ: Mapping[str, str], home: Path
) -> CostOutlook:
    if suite.endpoint.kind == "recorded":
        return CostOutlook(calls=len(queries) * suite.repeats, basis="recorded")
    if (kept := _kept_use(suite, endpoint, home=home)) is not None:
        manifest, use = kept
        return _outlook(suite, queries, basis="run", least=use, most=use, run_id=manifest.run_id)
    if suite.endpoint.kind == "openai" and (written := _written_out(suite, queries, environ=environ)) is not None:
        return written
    return _outlook(suite, queries, basis="unknown", least=Use(), most=Use())


def _of_judge(suite: Suite, judge: JudgeSpec, *, answers: int, home: Path) -> CostOutlook:
    """As in the newest kept run that asked this judge; else the most questions that `answers` answers can raise."""
    most = answers * judge.votes * questions_an_answer(suite, judge.name)
    if judge.endpoint.kind == "recorded":
        return CostOutlook(calls=most, basis="recorded", judge=judge.name)
    price, limits, asked = judge.endpoint.price, judge.limits, _asked_before(suite, judge, home=home)
    if asked is None:
        known = price is not None or judge.endpoint.kind not in _PRICED
        return CostOutlook(calls=most, basis="unknown", judge=judge.name, price_is_known=known)
    manifest, share, use = asked
    return _told(
        math.ceil(share * answers),
        price=price,
        limits=limits,
        kind=judge.endpoint.kind,
        least=use,
        most=use,
        outlook=CostOutlook(calls=0, basis="run", run_id=manifest.run_id, judge=judge.name),
    )


def _asked_before(suite: Suite, judge: JudgeSpec, *, home: Path) -> tuple[Manifest, float, Use] | None:
    """The newest kept run that asked this judge to the end, how many calls an answer took there, and what a call took."""
    whole = [run for run in _runs_of(suite, home=home) if run[0].stopped is None]
    for manifest, folder in whole[:_RUNS_LOOKED_AT]:
        try:
            said = [one for one in read_judgements(folder) if one.who == who_is(judge) and one.judge == judge.name]
            answers = sum(1 for _ in read_samples(folder.samples_file))
        except MeasurementError:
            continue
        if said and answers:
            return manifest, len(said) / answers, _mean_of([one.response for one in said], judge.endpoint.kind)
    return None


def _outlook(
    suite: Suite,
    queries: Sequence[GoldenQuery],
    *,
    basis: CostBasis,
    least: Use,
    most: Use,
    run_id: str | None = None,
    looked_at: int = 0,
    notes: tuple[str, ...] = (),
) -> CostOutlook:
    """The outlook of all calls, of which each takes from `least` to `most`."""
    return _told(
        len(queries) * suite.repeats,
        price=suite.endpoint.price,
        limits=suite.limits,
        kind=suite.endpoint.kind,
        least=least,
        most=most,
        outlook=CostOutlook(
            calls=0, basis=basis, queries=len(queries), looked_at=looked_at, run_id=run_id, notes=notes
        ),
    )


def _told(
    calls: int,
    *,
    price: Price | None,
    limits: Limits,
    kind: str,
    least: Use,
    most: Use,
    outlook: CostOutlook,
) -> CostOutlook:
    """`outlook` with what `calls` calls take, of which each takes from `least` to `most`."""
    prompts_alone = Use(prompt_tokens=most.prompt_tokens, completion_tokens=0)
    return replace(
        outlook,
        calls=calls,
        prompt_tokens=_times(most.prompt_tokens, calls),
        completion_tokens=_times(most.completion_tokens, calls),
        prompt_cost_usd=_times(_cost_usd(prompts_alone, price), calls),
        cost_usd=_times(_cost_usd(most, price), calls),
        price_is_known=price is not None or kind not in _PRICED,
        caps=tuple(_caps(limits, calls=calls, least=least, most=most, price=price)),
    )


def _caps(limits: Limits, *, calls: int, least: Use, most: Use, price: Price | None) -> Iterator[CapOutlook]:
    if limits.max_cost_usd is not None:
        dear, cheap = _cost_usd(most, price), _cost_usd(least, price)
        yield _cap("max_cost_usd", limits.max_cost_usd, calls=calls, dear=dear, cheap=cheap)
    if limits.max_tokens is not None:
        yield _cap("max_tokens", limits.max_tokens, calls=calls, dear=_tokens(most), cheap=_tokens(least))


def _cap(key: str, bound: float, *, calls: int, dear: float | None, cheap: float | None) -> CapOutlook:
    def calls_within(each: float | None) -> int | None:
        return None if each is None else calls if each * calls <= bound else int(bound / each)

    return CapOutlook(key=key, bound=bound, least=calls_within(dear), most=calls_within(cheap))


def _cost_usd(use: Use, price: Price | None) -> float | None:
    if use.cost_usd is not None:
        return use.cost_usd
    if price is None or use.prompt_tokens is None or use.completion_tokens is None:
        return None
    dollars = use.prompt_tokens * price.prompt_per_mtok + use.completion_tokens * price.completion_per_mtok
    return dollars / 1_000_000


def _tokens(use: Use) -> float | None:
    both = (use.prompt_tokens, use.completion_tokens)
    return None if None in both else sum(count for count in both if count is not None)


def _times(each: float | None, calls: int) -> float | None:
    return None if each is None else each * calls


def _kept_use(suite: Suite, endpoint: Endpoint | None, *, home: Path) -> tuple[Manifest, Use] | None:
    """What the newest kept run took that asked this endpoint in the same words; None where there is none."""
    if endpoint is None:
        return None
    now = endpoint.fingerprint()
    runs = [
        (manifest, folder)
        for manifest, folder in _runs_of(suite, home=home)
        if manifest.variant == suite.variant
        and all(manifest.fingerprint.endpoint.get(key) == now.get(key) for key in _DECIDES_TOKENS)
    ]
    of_each = ((manifest, _mean_use(suite, folder)) for manifest, folder in runs[:_RUNS_LOOKED_AT])
    return next(((manifest, use) for manifest, use in of_each if use != Use()), None)


def _runs_of(suite: Suite, *, home: Path) -> list[tuple[Manifest, RunFolder]]:
    """The suite's kept runs, the newest first."""
    runs = [(manifest, folder) for folder, manifest in kept_runs(home) if manifest.suite == suite.name]
    return sorted(runs, key=lambda run: (run[0].started_at, run[0].run_id), reverse=True)


def _mean_use(suite: Suite, folder: RunFolder) -> Use:
    """The means of a kept run, over what was counted. They are of its first samples, which are in random order."""
    try:
        samples = list(islice(read_samples(folder.samples_file), LOOKED_AT))
    except MeasurementError:
        return Use()
    return _mean_of([sample.response for sample in samples], suite.endpoint.kind)


def _mean_of(responses: Sequence[Response], kind: str) -> Use:
    """The means over what was counted; a cost is the endpoint's own where we do not price its `kind`."""
    usages = [response.usage for response in responses if response.usage is not None]
    return Use(
        prompt_tokens=_mean([usage.prompt_tokens for usage in usages]),
        completion_tokens=_mean([usage.completion_tokens for usage in usages]),
        cost_usd=None if kind in _PRICED else _mean([response.cost_usd for response in responses]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _written_out(suite: Suite, queries: Sequence[GoldenQuery], *, environ: Mapping[str, str]) -> CostOutlook | None:
    """By the prompts of a thousand golden queries at most, evenly spaced; None where the endpoint's options have faults."""
    options = {key: said for key, said in suite.endpoint.options.items() if key in _WRITES_THE_BODY}
    try:
        chat = read_chat({key: expand_all(said, environ, place=f"endpoint.{key}") for key, said in options.items()})
    except UsageError:  # told elsewhere
        return None
    number = min(len(queries), LOOKED_AT)
    counts, failures = [], []
    for query in (queries[place * len(queries) // number] for place in range(number)):
        try:
            counts.append(prompt_tokens(completion_body(chat, request_for(PlannedCall(query=query, repeat=0)))))
        except CallFailed as failure:
            failures.append(f"{query.id}: {failure.error.message}")
    notes = (f"{len(failures)} of {number} prompts cannot be written: {failures[0]}",) if failures else ()
    prompt, most = _mean(counts), _most_completion_tokens(chat.params)
    return _outlook(
        suite,
        queries,
        basis="unknown" if prompt is None else "prompts",
        least=Use(prompt_tokens=prompt, completion_tokens=0),
        most=Use(prompt_tokens=prompt, completion_tokens=most),
        looked_at=number,
        notes=notes,
    )


def prompt_tokens(body: Mapping[str, object]) -> float:
    """The tokens of a request's messages and tools, about.

    >>> prompt_tokens({"messages": [{"role": "user", "content": "What is an SLO?!"}]})
    8.0
    """
    messages = body["messages"]
    listed = messages if isinstance(messages, list) else []
    texts = [message.get("content") or "" for message in listed if isinstance(message, Mapping)]
    further = [body[key] for key in ("tools", "response_format") if body.get(key)]
    return TOKENS_PER_MESSAGE * len(listed) + sum(map(_bytes, [*texts, *further])) / BYTES_PER_TOKEN


def _bytes(value: object) -> int:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return len(text.encode("utf-8", "replace"))


def _most_completion_tokens(params: Mapping[str, object]) -> float | None:
    """The most that one call may answer with, by its parameters; None where they do not bound it."""
    most = params.get("max_completion_tokens") or params.get("max_tokens")
    choices = params.get("n") or 1
    return float(most * choices) if isinstance(most, int) and isinstance(choices, int) else None
