"""Every fault, streamed or not, at the first, a middle and the last call, without and with another attempt: whole runs.

A cell is one run of five queries against a server that plays one fault to one of them. `TABLE` says what each fault is;
a failing test names its cells.
"""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from itertools import product

import pytest
from msgspec.structs import replace

import evalslo
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import Concurrency, Limits, Timeouts
from evalslo.store.run_folder import read_samples
from tests.support.fault_server import ModelServer, answer_to, words_of
from tests.support.faults import FAULTS
from tests.support.suites import rows, write_suite

KEY = "sk-0123456789abcdef-fault-matrix"
QUERIES = 5
PROMPT_TOKENS, ANSWER_TOKENS = len(["Question", "0?"]), len(words_of(0))
PATIENT, SHORT = Timeouts(total_s=20.0), Timeouts(total_s=0.5)
FIRST_TOKEN = Timeouts(total_s=20.0, first_token_s=0.5)
IDLE = Timeouts(total_s=20.0, idle_s=0.5)
AT_ONCE, FEW_AT_ONCE = 32, 8
"""So many runs go at once; few where time is short, for the work of one must not keep the calls of another too long."""

E = ErrorClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a fault makes of its call, streamed and not; None: an answer. `answer` None: the right one."""

    stream: ErrorClass | None
    plain: ErrorClass | None
    retryable: bool = False
    answer: str | None = None
    timeouts: Timeouts = PATIENT


def both(kind, *, retryable=False, timeouts=PATIENT):
    return Fate(stream=kind, plain=kind, retryable=retryable, timeouts=timeouts)


ANSWERED = Fate(stream=None, plain=None)
BROKEN = both(E.RESET, retryable=True)
STRANGE = both(E.MALFORMED)
WAIT_1S = ("rate_limit_1s", "rate_limit_date", "overloaded_1s")
LATE = both(E.TIMEOUT, retryable=True, timeouts=SHORT)

TABLE = {
    "status": {
        "status_400": both(E.CLIENT),
        "status_401": both(E.CLIENT),
        "status_404": both(E.CLIENT),
        "status_408": both(E.CLIENT, retryable=True),
        "status_500": both(E.SERVER, retryable=True),
        "status_502": both(E.SERVER, retryable=True),
        "status_503": both(E.SERVER, retryable=True),
        "status_529": both(E.SERVER, retryable=True),
        "status_filtered": both(E.FILTERED),
        "rate_limit": both(E.RATE_LIMIT, retryable=True),
        "rate_limit_1s": both(E.RATE_LIMIT, retryable=True),
        "rate_limit_date": both(E.RATE_LIMIT, retryable=True),
        "overloaded_1s": both(E.SERVER, retryable=True),
        "redirect": both(E.CLIENT),
        "endless_error": both(E.SERVER, retryable=True),
    },
    "broken": {
        "rst_before_head": BROKEN,
        "fin_before_head": BROKEN,
        "rst_in_head": BROKEN,
        "fin_in_head": BROKEN,
        "rst_after_head": BROKEN,
        "fin_after_head": BROKEN,
        "rst_in_body": BROKEN,
        "fin_in_body": BROKEN,
        "fin_after_body": ANSWERED,
        "close_told": ANSWERED,
        "until_close": ANSWERED,
    },
    "slow": {
        "drip": ANSWERED,
        "cut_in_characters": ANSWERED,
        "linger": ANSWERED,
    },
    "stalled": {
        "stall_before_head": LATE,
        "stall_in_head": LATE,
        "stall_after_head": LATE,
        "stall_in_body": LATE,
        "endless_drip": LATE,
    },
    "time-outs": {
        "stall_before_head/first token": both(E.FIRST_TOKEN_TIMEOUT, retryable=True, timeouts=FIRST_TOKEN),
        "stall_after_head/first token": both(E.FIRST_TOKEN_TIMEOUT, retryable=True, timeouts=FIRST_TOKEN),
        "stall_after_head/idle": both(E.IDLE_TIMEOUT, retryable=True, timeouts=IDLE),
        "stall_in_body/idle": both(E.IDLE_TIMEOUT, retryable=True, timeouts=IDLE),
        "endless_drip/idle": both(E.TIMEOUT, retryable=True, timeouts=replace(SHORT, idle_s=0.3)),
    },
    "not http": {
        "not_http": STRANGE,
        "bad_chunk": STRANGE,
        "bad_length": STRANGE,
        "endless_header": both(E.TOO_LARGE),
        "headers_10000": both(E.TOO_LARGE),
        "informed_before": ANSWERED,
        "more_bytes": ANSWERED,
        "further_response": ANSWERED,
    },
    "not a completion": {
        "no_body": STRANGE,
        "html": STRANGE,
        "json_list": STRANGE,
        "json_without_choices": STRANGE,
        "json_nested": STRANGE,
        "not_utf8": STRANGE,
        "cut_json": STRANGE,
        "bad_event": STRANGE,
        "html_as_events": STRANGE,
    },
    "too large": {
        "endless_body": both(E.TOO_LARGE),
        "gzip_body": ANSWERED,
        "gzip_bomb": both(E.TOO_LARGE),
    },
    "strange completion": {
        "other_form": ANSWERED,
        "no_done": ANSWERED,
        "no_finish": Fate(stream=E.TRUNCATED, plain=None, retryable=True),
        "early_done": both(E.EMPTY),
        "done_twice": ANSWERED,
        "comments_between": ANSWERED,
        "no_role": ANSWERED,
        "reasoning": ANSWERED,
        "tool_call": Fate(stream=None, plain=None, answer=""),
        "empty": both(E.EMPTY),
        "filtered": both(E.FILTERED),
        "error_with_200": both(E.SERVER, retryable=True),
        "rate_limit_with_200": both(E.RATE_LIMIT, retryable=True),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run. Its name is the name of its model, by which the server knows what to play.

    `key` is the fault in the table; behind its stroke stands the limit of time that it meets.
    """

    key: str
    fate: Fate
    stream: bool
    place: str
    retries: int
    number: int

    @property
    def name(self) -> str:
        form = "stream" if self.stream else "plain"
        return f"{re.sub(r'[^a-z0-9]', '-', self.key)}-{form}-{self.place}-retries{self.retries}"

    @property
    def fault(self) -> str:
        return self.key.partition("/")[0]

    @property
    def kind(self) -> ErrorClass | None:
        return self.fate.stream if self.stream else self.fate.plain

    @property
    def again(self) -> bool:
        """Whether another attempt is made, which is answered."""
        return self.kind is not None and self.fate.retryable and self.retries > 0


@pytest.fixture(scope="module")
def server():
    cells: dict[str, Cell] = {}

    def script(question):
        cell = cells.get(question.model)
        is_played = cell is not None and question.number == cell.number and question.attempt == 1
        return (cell.fault, FAULTS[cell.fault]) if is_played else None

    with ModelServer(script) as running:
        running.cells = cells
        yield running
        assert running.strange == []


@pytest.fixture
def run(tmp_path, monkeypatch, server):
    """Runs one suite of its own against the server: what is kept of it."""
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAULTY_KEY", KEY)
    endpoint = {"kind": "openai", "base_url": f"{server.url}/v1", "model": "m", "api_key_env": "FAULTY_KEY"}
    path = write_suite(tmp_path, app=None, golden=rows(QUERIES), objectives=["errors <= 70%"], endpoint=endpoint)
    suite = evalslo.load(path)

    async def once(name, *, stream, retries, timeouts):
        options = {**suite.endpoint.options, "model": name, "stream": stream}
        limits = Limits(concurrency=Concurrency(least=1, start=1, most=1), retries=retries, timeouts=timeouts)
        endpoint = replace(suite.endpoint, options=options)
        return await evalslo.arun(replace(suite, name=name, endpoint=endpoint, limits=limits))

    return once


@pytest.fixture
async def order(run, server):
    """The numbers of the queries in the order in which a run asks them."""
    await run("in-order", stream=True, retries=0, timeouts=PATIENT)
    numbers = [played.question.number for played in server.of("in-order")[-QUERIES:]]
    assert sorted(numbers) == list(range(QUERIES))
    return numbers


@pytest.mark.parametrize("family", TABLE)
async def test_a_fault_is_the_class_of_its_own_call_and_touches_no_other(family, run, server, order):
    places = {"first": order[0], "middle": order[QUERIES // 2], "last": order[-1]}
    cells = [
        Cell(key=key, fate=fate, stream=stream, place=place, retries=retries, number=number)
        for (key, fate), stream, (place, number), retries in product(
            TABLE[family].items(), (True, False), places.items(), (0, 1)
        )
    ]
    turns = asyncio.Semaphore(FEW_AT_ONCE if family in ("stalled", "time-outs") else AT_ONCE)

    async def wrong_in(cell):
        async with turns:
            server.cells[cell.name] = cell
            kept = await run(cell.name, stream=cell.stream, retries=cell.retries, timeouts=cell.fate.timeouts)
            wrong = await wrongs(cell, kept, server)
            return f"{cell.name}: {wrong[0]} (and {len(wrong) - 1} more)" if wrong else None

    found = [line for line in await asyncio.gather(*map(wrong_in, cells)) if line is not None]
    assert not found, "\n".join([f"{len(found)} of {len(cells)} cells", *found])
    await until(lambda: server.open_now == 0)
    assert server.open_now == 0


def test_every_fault_has_its_place_in_the_table():
    assert {key.partition("/")[0] for family in TABLE.values() for key in family} == set(FAULTS)


async def wrongs(cell, kept, server):
    """What is not as it should be in the kept run of a cell, in words."""
    samples = {(sample.query_id, sample.repeat): sample for sample in read_samples(kept.folder / "samples.jsonl")}
    lines = (kept.folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    answered = QUERIES - (cell.kind is not None and not cell.again)
    attempts = QUERIES + cell.again
    await until(lambda: len(server.of(cell.name)) >= attempts)
    card = kept.scorecard
    checks = {
        "lines of the log": (len(lines), QUERIES),
        "samples": (sorted(samples), [(f"q{i:04}", 0) for i in range(QUERIES)]),
        "errors": (dict(card.errors), {} if answered == QUERIES else {cell.kind.value: 1}),
        "calls": ((card.usage.calls, card.usage.retries), (attempts, int(cell.again))),
        "prompt tokens": (card.usage.prompt_tokens, PROMPT_TOKENS * answered),
        "answer tokens": (card.usage.completion_tokens, ANSWER_TOKENS * answered),
        "rows": ((card.objectives[0].counts.n, card.objectives[0].counts.bad), (QUERIES, QUERIES - answered)),
        "requests": (
            Counter((one.question.number, one.question.attempt, one.fault) for one in server.of(cell.name)),
            Counter(
                [
                    *((number, 1, cell.fault if number == cell.number else "") for number in range(QUERIES)),
                    *([(cell.number, 2, "")] if cell.again else []),
                ]
            ),
        ),
        "key in": ([path.name for path in kept.folder.iterdir() if KEY.encode() in path.read_bytes()], []),
    }
    if cell.again and cell.fault in WAIT_1S:
        first, second = sorted(
            (one for one in server.of(cell.name) if one.question.number == cell.number), key=lambda one: one.began_s
        )
        checks["waited"] = (second.began_s - first.ended_s >= 0.99, True)
    for number in range(QUERIES):
        sample = samples[f"q{number:04}", 0]
        checks[f"answer {number}"] = said(sample), wanted(cell, number)
        if sample.response.error is not None:
            message = sample.response.error.message
            checks[f"message {number}"] = (message.isprintable() and 0 < len(message) <= 300, True)
    return [f"{what}: found {found}, wanted {should}" for what, (found, should) in checks.items() if found != should]


def said(sample):
    error = sample.response.error
    return sample.response.answer if error is None else error.kind, sample.attempts


def wanted(cell, number):
    if number != cell.number or cell.again:
        return answer_to(number), 1 + (number == cell.number)
    if cell.kind is not None:
        return cell.kind, 1
    return answer_to(number) if cell.fate.answer is None else cell.fate.answer, 1


async def until(true):
    """Until something is so, for 2 s at most; the caller looks again."""
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
