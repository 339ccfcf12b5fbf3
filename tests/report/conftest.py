"""Scorecards made up for the reports: every kind of verdict, and one whose every text is hostile."""

import io
from fractions import Fraction

import pytest
from msgspec.structs import replace
from rich.console import Console

from evalslo.model.objective import Event, Objective, Place
from evalslo.model.score import Evidence
from evalslo.model.scorecard import (
    Counts,
    Estimate,
    Fingerprint,
    Lag,
    ObjectiveResult,
    QuantileEstimate,
    Reason,
    Scorecard,
    UsageTotals,
    Verdict,
    WorstAnswer,
)
from evalslo.model.sli import Sli
from evalslo.report.terminal import render

HOSTILE = (
    "\x1b[31mred\x1b]8;;http://x\x07 [bold red]loud[/] [/] \u202eevil\u2066 \u200bzero \x9b2J"
    "\r\n ✓ PASS  forged  exit 0\n\t:smile: \ud800 \x00"
)


def objective(name: str, text: str, *, op: str = ">=", target: str = "0.95", **more) -> Objective:
    sli, _, k = name.partition("@")
    given = {"shape": "event_ratio", "alpha": Fraction(1, 20), "place": Place(file="suites/rag.yaml", line=31)} | more
    return Objective(
        id=name, text=text, sli=Sli(name=sli, k=int(k) if k else None), op=op, target=Fraction(target), **given
    )


def estimate(point: float, lower: float | None, upper: float | None, **more) -> Estimate:
    given = {"p_pass": 0.01, "p_fail": 0.99, "method": "clopper-pearson", "clusters": 200} | more
    return Estimate(estimate=point, lower=lower, upper=upper, **given)


def counts(n: int, *, bad: int | None = 0, unmeasured: int = 0, not_applicable: int = 0, **reasons: int) -> Counts:
    return Counts(
        planned=n + unmeasured + not_applicable,
        n=n,
        good=None if bad is None else n - bad,
        bad=bad,
        unmeasured=unmeasured,
        not_applicable=not_applicable,
        excluded_reasons=reasons,
    )


FAITHFUL = ObjectiveResult(
    objective=objective("faithful", "faithfulness >= 0.8 for 95% of requests"),
    verdict=Verdict.PASS,
    counts=counts(592, bad=10, unmeasured=4, not_applicable=4, call_error=4, no_claim=4),
    scorer="judge:strong/3",
    estimate=estimate(0.98311, 0.95817, 0.99412, icc=0.21, deff=1.42, method="korn-graubard", clusters=199),
    worst_case=0.97651,
)
HALLUCINATION = ObjectiveResult(
    objective=objective("hallucination", "hallucination <= 5%", op="<=", target="0.05"),
    verdict=Verdict.PASS,
    counts=counts(200, bad=2),
    scorer="overlap/1",
    estimate=estimate(0.01, 0.00178, 0.03113),
    worst_case=0.01,
)
UNDERPOWERED = replace(
    HALLUCINATION,
    verdict=Verdict.INCONCLUSIVE,
    counts=counts(200, bad=7),
    estimate=estimate(0.035, 0.0165, 0.0647, needed=401, p_pass=0.21, p_fail=0.88),
    worst_case=0.035,
)
PRECISION = ObjectiveResult(
    objective=objective("precision@5", "precision@5 >= 0.60", target="0.6", shape="mean"),
    verdict=Verdict.PASS,
    counts=counts(200, bad=None),
    scorer="retrieval/1",
    estimate=estimate(0.7132, 0.6741, 0.7498, method="gaffke"),
)
LATENCY = ObjectiveResult(
    objective=objective(
        "latency-p95",
        "latency p95 <= 2s",
        event=Event(op="<=", value=Fraction(2), unit="s", of="requests"),
        quantile=Fraction(19, 20),
    ),
    verdict=Verdict.PASS,
    counts=counts(200, bad=2),
    scorer="service/1",
    estimate=estimate(0.99, 0.96887, 0.99822),
    quantile=QuantileEstimate(q=0.95, estimate=1.4213, lower=1.1042, upper=1.9038),
)
ERRORS = ObjectiveResult(
    objective=objective("errors", "errors <= 3%", op="<=", target="0.03"),
    verdict=Verdict.PASS,
    counts=counts(200),
    scorer="service/1",
    estimate=estimate(0.0, 0.0, 0.01487),
)
TONE = ObjectiveResult(
    objective=objective("rubric:tone", "rubric:tone >= 0.7", target="0.7", shape="mean", critical=False),
    verdict=Verdict.FAIL,
    counts=counts(200, bad=None),
    scorer="judge:strong/3",
    estimate=estimate(0.6412, 0.6103, 0.6702, method="gaffke"),
    reasons=(
        Reason(code="missed", objective="rubric:tone", text="the target is missed, with the stated confidence"),
        Reason(code="uncalibrated", objective="rubric:tone", text="its judge was never checked against people"),
    ),
)
ABSTENTION = ObjectiveResult(
    objective=objective("abstention", "abstention >= 90%", target="0.9"),
    verdict=Verdict.ERROR,
    counts=counts(31, bad=2, unmeasured=9, not_applicable=160, call_error=9, answerable=160),
    scorer="abstention/1",
    worst_case=0.725,
    reasons=(
        Reason(
            code="coverage",
            objective="abstention",
            text="31 of 40 applicable events were measured (77.5 %), the suite wants 95 %",
        ),
    ),
)
MISSED = replace(
    FAITHFUL,
    verdict=Verdict.FAIL,
    counts=counts(600, bad=61),
    estimate=estimate(0.89833, 0.86913, 0.92312, method="korn-graubard", icc=0.21, deff=1.42),
    worst_case=0.89833,
)
WORST = (
    WorstAnswer(
        objective="faithful",
        query_id="refund-017",
        repeat=2,
        query="How long can I return a digital purchase, and who pays for the shipping?",
        answer="You can return digital purchases within 90 days of the order. Shipping is always paid by us, and a refund "
        "reaches your account within 24 hours. " * 3,
        value=1 / 3,
        why="2 of 3 claims are not supported by the contexts",
        evidence=(
            Evidence(claim="Shipping is always paid by us.", verdict="unsupported"),
            Evidence(
                claim="You can return digital purchases within 90 days of the order.",
                verdict="contradicted",
                context_id="policy-4",
                span=(12, 48),
                reason='the context says "within 14 days of delivery"',
            ),
            Evidence(claim="Returns are possible.", verdict="supported", context_id="policy-1"),
        ),
    ),
    WorstAnswer(
        objective="hallucination",
        query_id="warranty-003",
        repeat=0,
        query="Welche Garantie gilt für gebrauchte Geräte?",
        answer=None,
        value=None,
        why="timeout after 60 s, 5 attempts",
    ),
)
PASSED = Scorecard(
    suite="support-rag",
    service="support-assistant",
    run_id="20250314-101502-3fa9c1",
    variant=None,
    started_at="2025-03-14T10:15:02+00:00",
    finished_at="2025-03-14T10:17:41+00:00",
    verdict=Verdict.PASS,
    exit_code=0,
    reasons=(),
    objectives=(FAITHFUL, HALLUCINATION, PRECISION, LATENCY, ERRORS),
    usage=UsageTotals(calls=600, retries=4, prompt_tokens=412380, completion_tokens=61204, cost_usd=0.298),
    fingerprint=Fingerprint(
        golden="sha256:1f",
        suite="sha256:2e",
        endpoint={"model": "support-v7", "kind": "openai"},
        scorers={"overlap": "1"},
    ),
    timings=("live",),
    errors={},
)
FAILED = replace(
    PASSED,
    verdict=Verdict.FAIL,
    exit_code=1,
    variant="candidate",
    reasons=(
        Reason(code="missed", objective="faithful", text="at most 92.3 % of requests are faithful, 95 % are wanted"),
        Reason(
            code="fail_unconfirmed",
            objective="hallucination",
            text="the miss does not survive Holm's correction over 5 critical rows",
        ),
    ),
    objectives=(
        MISSED,
        replace(
            HALLUCINATION,
            verdict=Verdict.FAIL,
            counts=counts(200, bad=17),
            estimate=estimate(0.085, 0.0546, 0.12532, p_fail=0.024),
        ),
        PRECISION,
        LATENCY,
        ERRORS,
        TONE,
    ),
    errors={"timeout": 4, "rate_limit": 2},
    worst=WORST,
    advice=("22 of 61 bad answers ask about returns: read those first", "the judge strong was calibrated 41 days ago"),
)
INCONCLUSIVE = replace(
    PASSED,
    verdict=Verdict.INCONCLUSIVE,
    exit_code=3,
    reasons=(
        Reason(
            code="underpowered",
            objective="hallucination",
            text="7 bad of 200 leave room for 6.5 %, and 5 % are allowed",
        ),
    ),
    objectives=(FAITHFUL, UNDERPOWERED, PRECISION, LATENCY, ERRORS, TONE),
    worst=WORST[1:],
    advice=("about 520 more queries would show it four times in five; run them fresh or with --sequential",),
)
UNMEASURED = replace(
    PASSED,
    verdict=Verdict.ERROR,
    exit_code=4,
    objectives=(FAITHFUL, ABSTENTION, replace(LATENCY, verdict=Verdict.ERROR, estimate=None, quantile=None)),
    errors={"server": 9},
    finished_at=None,
    usage=UsageTotals(calls=200, retries=36, prompt_tokens=None, completion_tokens=None, cost_usd=None),
)
SOFT_MISSED = replace(PASSED, objectives=(FAITHFUL, TONE))
RECORDED = replace(PASSED, timings=("recorded", "cached"), service=None)
FAILING = replace(
    PASSED,
    usage=replace(PASSED.usage, calls=720, retries=120, cached=14),
    lag=Lag(p50_s=0.00005, p99_s=0.00041, max_s=0.0031),
    errors={
        "connect_timeout": 9,
        "rate_limit": 41,
        "refused": 2,
        "reset": 1,
        "first_token_timeout": 12,
        "server": 4,
        "tls": 1,
        "dns": 1,
        "malformed": 1,
        "empty": 3,
    },
    error_examples={
        "rate_limit": "HTTP 429: Rate limit reached for requests per minute: " + "limit 500, used 500; " * 20,
        "connect_timeout": "no connection to api.example.com:443 within 10 s",
        "refused": "no connection to api.example.com:443: refused",
    },
)
ONE_UNIT = replace(
    INCONCLUSIVE,
    objectives=(
        replace(
            PRECISION, verdict=Verdict.INCONCLUSIVE, counts=counts(1, bad=None), estimate=estimate(0.6, None, None)
        ),
        replace(
            LATENCY,
            verdict=Verdict.INCONCLUSIVE,
            estimate=estimate(0.94999, 0.94, 0.95001),
            quantile=QuantileEstimate(q=0.999, estimate=None, lower=0.0413, upper=None),
        ),
    ),
    worst=(),
)
HOSTILE_CARD = replace(
    FAILED,
    suite=HOSTILE,
    service=HOSTILE,
    run_id=HOSTILE,
    variant=HOSTILE,
    reasons=(Reason(code="missed", objective=HOSTILE, text=HOSTILE),),
    objectives=(
        replace(
            MISSED,
            objective=replace(MISSED.objective, id=HOSTILE, text=HOSTILE),
            scorer=HOSTILE,
            counts=replace(counts(600, bad=61, unmeasured=1), excluded_reasons={HOSTILE: 1}),
        ),
    ),
    errors={HOSTILE: 3},
    advice=(HOSTILE,),
    worst=(
        WorstAnswer(
            objective=HOSTILE,
            query_id=HOSTILE,
            repeat=0,
            query=HOSTILE,
            answer=HOSTILE * 400,
            value=float("inf"),
            why=HOSTILE,
            evidence=(Evidence(claim=HOSTILE, verdict="contradicted", context_id=HOSTILE, reason=HOSTILE),),
        ),
    ),
    fingerprint=Fingerprint(golden=HOSTILE, suite=HOSTILE, endpoint={"model": HOSTILE}, scorers={HOSTILE: HOSTILE}),
)
CARDS = {
    "passed": PASSED,
    "failed": FAILED,
    "inconclusive": INCONCLUSIVE,
    "unmeasured": UNMEASURED,
    "soft_missed": SOFT_MISSED,
    "recorded": RECORDED,
    "failing": FAILING,
    "one_unit": ONE_UNIT,
    "hostile": HOSTILE_CARD,
}


class Screen(io.TextIOWrapper):
    """A file that says whether it is a terminal, as it was told to."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


class Paper:
    """A console in memory, and what was printed on it. Its clock stands still until `now_s` is set."""

    def __init__(
        self, width: int, *, encoding: str = "utf-8", colour: bool = False, terminal: bool | None = None
    ) -> None:
        self._bytes = io.BytesIO()
        self._file = Screen(self._bytes, encoding=encoding, newline="\n", write_through=True)
        self._file.terminal = colour if terminal is None else terminal
        self.now_s = 0.0
        self.console = Console(
            file=self._file,
            width=width,
            force_terminal=colour,
            color_system="truecolor" if colour else None,
            legacy_windows=False,
            get_time=lambda: self.now_s,
            _environ={},
        )
        self.encoding = encoding

    @property
    def text(self) -> str:
        return self._bytes.getvalue().decode(self.encoding)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@pytest.fixture
def paper():
    return Paper


@pytest.fixture
def rendered():
    def render_on(card: Scorecard, *, width: int = 100, run_folder: str | None = None, **how) -> Paper:
        page = Paper(width, **how)
        render(card, console=page.console, run_folder=run_folder)
        return page

    return render_on


@pytest.fixture
def cards() -> dict[str, Scorecard]:
    return CARDS


@pytest.fixture
def hostile() -> str:
    return HOSTILE


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `card` runs once for each scorecard."""
    if "card" in metafunc.fixturenames:
        metafunc.parametrize("card", CARDS.values(), ids=CARDS)
