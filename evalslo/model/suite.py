"""What a suite file says, after it was read and found without fault."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from evalslo.model.alert import AlertRules
from evalslo.model.objective import Objective, OnInconclusive
from evalslo.model.policy import Agreement, Policy
from evalslo.model.sli import SliSpec
from evalslo.model.window import BudgetRules, Window

ContextsFrom = Literal["golden", "response"]
Population = Literal["queries", "finite"]
RateMethod = Literal["clopper-pearson", "wilson", "jeffreys", "mid-p", "beta-prior"]
MeanMethod = Literal["gaffke", "t", "bca", "percentile-bootstrap"]


class GoldenSource(Struct, frozen=True, kw_only=True):
    """Where the golden queries come from: a file, or a hub data set. `columns` maps our names to the file's."""

    path: str | None = None
    hub: Mapping[str, str] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


class Price(Struct, frozen=True, kw_only=True):
    """US dollars per million tokens."""

    prompt_per_mtok: float
    completion_per_mtok: float


class EndpointSpec(Struct, frozen=True, kw_only=True):
    """An endpoint as the suite names it, `${VAR}` not yet expanded: this is what is recorded.

    `options` are the keys of its kind (`base_url`, `model`, `url`, `body`, `target`, `path`, ...). `contexts_from` None: the
    response's contexts where it has some, else the golden query's.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    price: Price | None = None
    contexts_from: ContextsFrom | None = None


class Concurrency(Struct, frozen=True, kw_only=True):
    """How many calls may be in flight at once: it begins at `start` and stays between `least` and `most`.

    All three are equal where it is fixed.
    """

    least: int = 8
    start: int = 8
    most: int = 8


class Timeouts(Struct, frozen=True, kw_only=True):
    """How long one attempt may take, in seconds: in all, to connect, to its first token, between two reads.

    None: no bound of its own.
    """

    total_s: float = 60.0
    connect_s: float = 10.0
    first_token_s: float | None = None
    idle_s: float | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on calling. None: no bound.

    `retries` counts further attempts after the first, and none begins later than `retry_for_s` after the first one did.
    `give_up_after` attempts that failed one after the other, with no answer between them, end the run; 0: never.
    `max_cost_usd` and `max_tokens` (prompt and completion) bound what all sittings of a run spend.
    """

    concurrency: Concurrency = Concurrency()
    timeouts: Timeouts = Timeouts()
    retries: int = 4
    retry_for_s: float = 300.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    give_up_after: int = 100
    max_cost_usd: float | None = None
    max_tokens: int | None = None


class JudgeSpec(Struct, frozen=True, kw_only=True):
    """A judge as the suite names it: an endpoint of its own, with limits of its own, asked `votes` times a question."""

    name: str
    endpoint: EndpointSpec
    limits: Limits = Limits()
    votes: int = 1


class ScorerChoice(Struct, frozen=True, kw_only=True):
    """What scores an SLI. `judges` are names of the suite's judges: several are a panel, and none means `scorer` alone.

    `cascade`: a rule first, and the judges only about claims that it leaves open.
    """

    scorer: str
    judges: tuple[str, ...] = ()
    cascade: bool = False


class GateRules(Struct, frozen=True, kw_only=True):
    """How verdicts are reached. `alpha` is one-sided; `icc_floor` is the least correlation assumed inside a cluster.

    `population`: the verdict speaks of queries like these, or (`finite`) of this golden set alone. `strict` takes proved
    methods only. `rate_method` and `mean_method` replace the default of independent events and scores.
    """

    alpha: Fraction = Fraction(1, 20)
    on_inconclusive: OnInconclusive = "block"
    min_coverage: Fraction = Fraction(19, 20)
    uncalibrated: OnInconclusive = "block"
    icc_floor: Fraction = Fraction(3, 10)
    population: Population = "queries"
    strict: bool = False
    rate_method: RateMethod = "clopper-pearson"
    mean_method: MeanMethod = "gaffke"


class Suite(Struct, frozen=True, kw_only=True):
    """One suite. `folder` is what relative paths start from; `text` the file as read, `digest` over what
    it means with variant and settings, but for the caps that only end a run.

    `slis` are the specs of the SLIs that its objectives use. `scorers` says by an SLI's text what scores it, where that is not
    the only one that can. `calibration` are files of `evalslo calibrate`, relative to `folder`. `alerts` without pairs take
    those of their preset; None: no alerts. `policy` None: no release is ever frozen.
    """

    name: str
    service: str | None
    golden: GoldenSource
    endpoint: EndpointSpec
    objectives: tuple[Objective, ...]
    slis: Mapping[str, SliSpec]
    repeats: int
    limits: Limits
    gate: GateRules
    file: str
    folder: Path
    text: str
    digest: str
    variant: str | None = None
    settings: tuple[str, ...] = ()
    judges: Mapping[str, JudgeSpec] = field(default_factory=dict)
    scorers: Mapping[str, ScorerChoice] = field(default_factory=dict)
    calibration: tuple[str, ...] = ()
    window: Window = Window(text="28d", length_s=28 * 86_400)
    budgeting: BudgetRules = BudgetRules()
    alerts: AlertRules | None = None
    policy: Policy | None = None
    agreements: tuple[Agreement, ...] = ()
