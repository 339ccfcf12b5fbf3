"""The keys of a suite file: what the published JSON Schema says, and what a file is held to.

Imported only where a suite is read: pydantic costs a tenth of a second that `--help` must not pay.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from evalslo.installed import ENDPOINTS, installed
from evalslo.model.suite import Concurrency, GateRules, Limits, MeanMethod, Population, RateMethod

SLUG = r"^[a-z0-9][a-z0-9_-]{0,63}$"
VARIANT = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
SLI_NAME = r"^([a-z0-9_]+:[a-z0-9][a-z0-9_-]{0,63}|task_success)$"
SLI_TEXT = r"^[a-z0-9_]+(@[0-9]{1,6})?(:[a-z0-9][a-z0-9_-]{0,63})?$"
SCORER = r"^([a-z0-9_-]{1,64}|(judge|cascade):[a-z0-9][a-z0-9_-]{0,63})$"
JUDGE = r"^judge:[a-z0-9][a-z0-9_-]{0,63}$"
OBJECTIVE_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99}$"
DURATION = r"^([0-9]{0,5}[1-9][0-9]{0,5}(\.[0-9]{1,6})?|0{1,6}\.[0-9]{0,5}[1-9][0-9]{0,5})(ms|s|m)$"
WINDOW = r"^([1-9][0-9]{0,4}[mhdw]|calendar-(week|month|quarter))$"
MINUTES = r"^[1-9][0-9]{0,4}[mhd]$"
SHARE = r"^[0-9]{1,3}(\.[0-9]{1,6})?%$"
CONCURRENCY = r"^([1-9][0-9]{0,2}|1000)-([1-9][0-9]{0,2}|1000)-([1-9][0-9]{0,2}|1000)$"
VARIABLE = r"^[A-Z_][A-Z0-9_]*$"
URL = r"^(https?://[^/\s@]+(/\S*)?|\$\{\S+)$"
PEM_PATH = r"^[^-\r\n][^\r\n]*$"
TARGET = r"^(\S.*\.py|[A-Za-z_][A-Za-z0-9_.]*):[A-Za-z_][A-Za-z0-9_.]*$"

WANTED = {
    SLUG: "lower-case letters, digits, '-' and '_', 64 at most",
    VARIANT: "letters, digits and _ . -, 64 at most",
    SLI_NAME: "an SLI and a name of your own, for example 'regex:cites'",
    SLI_TEXT: "an SLI as an objective names it, for example faithfulness",
    SCORER: "the name of a scorer (overlap), judge:NAME or cascade:NAME",
    JUDGE: "judge:NAME, as in a panel [judge:a, judge:b, judge:c]",
    OBJECTIVE_ID: "letters, digits and _ . : @ -, 100 at most",
    DURATION: "a time above zero with its unit, for example 60s, 1500ms or 2m",
    WINDOW: "28d, another whole number of m, h, d or w, or calendar-week, calendar-month, calendar-quarter",
    MINUTES: "a whole number of m, h or d, for example 5m",
    SHARE: "a per cent value, for example 95%",
    CONCURRENCY: "a whole number from 1 to 1000, or three of them as least-start-most, for example 1-16-256",
    VARIABLE: "the name of an environment variable in capitals, never the secret itself",
    URL: "http:// or https:// and a host, without user or password in it, or ${VARIABLE}",
    PEM_PATH: "the path of a PEM file, never what stands in it",
    TARGET: "package.module:function, or path/to/file.py:function relative to the suite",
}

KINDS = ("http", "openai", "python", "recorded")
OF_A_PLUGIN = "\0plugin"  # no file can say it: a control character in a suite is a fault

# pydantic says which keys match a pattern, and not that there are no others
_NO_OTHER: dict[str, JsonValue] = {"additionalProperties": False}

_DEFAULTS, _GATE = Limits(), GateRules()

Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=SLUG)]
VariableName = Annotated[str, Field(pattern=VARIABLE)]
PemPath = Annotated[str, Field(pattern=PEM_PATH)]
Duration = Annotated[str, Field(pattern=DURATION)]
Column = Literal[
    "id", "query", "messages", "reference", "contexts", "relevant", "group", "tags", "language", "answerable", "weight"
]
OnInconclusiveKey = Literal["block", "warn"]


class Keys(BaseModel):
    """A mapping of the file: unknown keys are faults, and no value is bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class HubKeys(Keys):
    """A data set on the Hugging Face hub, or a local folder that `datasets` can load."""

    name: Text = Field(description="The data set's name, for example qiaojin/PubMedQA.")
    config: Text | None = Field(default=None, description="The data set's configuration, where it has several.")
    split: Text = Field(description="The split to read, for example test.")
    revision: Text = Field(description="The commit or tag to read, so that the golden set cannot change unseen.")


class GoldenKeys(Keys):
    """Where the golden queries come from: exactly one of `path` and `hub`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["path"]}, {"required": ["hub"]}]})

    path: Text | None = Field(
        default=None, description="A .jsonl, .csv or .parquet file, relative to the suite. ${VAR} is expanded."
    )
    hub: HubKeys | None = Field(default=None, description="A data set on the Hugging Face hub.")
    columns: dict[Column, Text] = Field(
        default_factory=dict, description="Our name of a column to the file's, where they differ: {query: question}."
    )


class PriceKeys(Keys):
    """US dollars per million tokens. Without it the cost of a run is unknown, and unknown is not 0."""

    prompt_per_mtok: float = Field(ge=0, description="US dollars per million prompt tokens.")
    completion_per_mtok: float = Field(ge=0, description="US dollars per million completion tokens.")


class ReadContextsKeys(Keys):
    """Where a response keeps the contexts that its answer rests on, as JMESPath."""

    at: Text = Field(description="JMESPath to the list of contexts in the response.")
    id: Text = Field(description="JMESPath inside one context to its id.")
    text: Text | None = Field(default=None, description="JMESPath inside one context to its text.")
    score: Text | None = Field(
        default=None, description="JMESPath inside one context to the retriever's score, higher first."
    )


class ReadUsageKeys(Keys):
    """Where a response keeps its counts of tokens, as JMESPath."""

    prompt_tokens: Text | None = Field(default=None, description="JMESPath to the number of prompt tokens.")
    completion_tokens: Text | None = Field(default=None, description="JMESPath to the number of completion tokens.")


def _form(value: object) -> str | None:
    match value:
        case str():
            return "text"
        case list():
            return "texts"
        case dict() | Keys():
            return "mapping"
    return None


def _number_or_text(value: object) -> str | None:
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int) and not isinstance(value, bool) else None


ReadUsage = Annotated[Annotated[Text, Tag("text")] | Annotated[ReadUsageKeys, Tag("mapping")], Discriminator(_form)]
SliOption = Annotated[
    Annotated[Text, Tag("text")] | Annotated[list[Text], Field(min_length=1), Tag("texts")], Discriminator(_form)
]
ConcurrencyText = Annotated[
    Annotated[int, Field(ge=1, le=1000), Tag("number")] | Annotated[str, Field(pattern=CONCURRENCY), Tag("text")],
    Discriminator(_number_or_text),
]


class ReadKeys(Keys):
    """Where a response keeps its parts, as JMESPath."""

    answer: Text = Field(description="JMESPath to the answer's text.")
    contexts: ReadContextsKeys | None = Field(
        default=None, description="Where the contexts are; without it the golden query's count."
    )
    usage: ReadUsage | None = Field(
        default=None, description="JMESPath to an object with prompt_tokens and completion_tokens, or to each of them."
    )


class EndpointKeys(Keys):
    """What endpoints of every kind may have."""

    price: PriceKeys | None = Field(default=None, description="What tokens cost.")
    contexts_from: Literal["golden", "response"] | None = Field(
        default=None,
        description="Whose contexts count. Default: the response's where it has some, else the golden query's.",
    )


class TlsKeys(Keys):
    """Whom an endpoint behind https:// is trusted by, and how we show who we are. Paths are relative to the suite."""

    ca: PemPath | None = Field(
        default=None, description="A PEM file of authorities to trust in place of the system's. ${VAR} is expanded."
    )
    cert: PemPath | None = Field(
        default=None,
        description="A PEM file with our own certificate, where the server asks for one. ${VAR} is expanded.",
    )
    key: PemPath | None = Field(
        default=None, description="A PEM file with the key of `cert`, where that has none in it. ${VAR} is expanded."
    )
    verify: bool = Field(default=True, description="false: trust whoever answers. For trials only; it is said loudly.")


class CalledEndpoint(EndpointKeys):
    """What endpoints behind HTTP have."""

    api_key_env: VariableName | None = Field(default=None, description="The name of the variable that holds the key.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers without secrets in them.")
    headers_env: dict[str, VariableName] = Field(
        default_factory=dict, description="Header to the name of its variable."
    )
    tls: TlsKeys | None = Field(default=None, description="Certificates, where the system's own do not do.")


class OpenAiEndpoint(CalledEndpoint):
    """An OpenAI-compatible chat endpoint."""

    kind: Literal["openai"] = Field(description="An OpenAI-compatible chat endpoint.")
    base_url: str = Field(pattern=URL, description="The URL up to and with /v1. ${VAR} is expanded.")
    model: Text = Field(description="The model's name, as the endpoint knows it.")
    stream: bool = Field(default=True, description="Ask for a stream; ttft and inter_token need it.")
    params: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Sent with every request: temperature, max_tokens, ... Repeat i sends seed + i.",
    )
    prompt: Text | None = Field(
        default=None, description="The user message, a sandboxed jinja2 template over the golden query."
    )
    system: Text | None = Field(default=None, description="The system message, a template as `prompt` is.")


class HttpEndpoint(CalledEndpoint):
    """An application of one's own behind HTTP and JSON."""

    kind: Literal["http"] = Field(description="An application of one's own behind HTTP and JSON.")
    url: str = Field(pattern=URL, description="What to call. ${VAR} is expanded.")
    method: Literal["GET", "POST", "PUT", "PATCH"] = Field(default="POST", description="The HTTP method.")
    body: dict[str, JsonValue] = Field(
        min_length=1, description="The JSON that is sent; its texts are templates over the golden query."
    )
    read: ReadKeys = Field(description="Where the answer, the contexts and the usage stand in the response.")


class PythonEndpoint(EndpointKeys):
    """A Python function that answers a golden query."""

    kind: Literal["python"] = Field(description="A Python function that answers a golden query.")
    target: str = Field(
        pattern=TARGET, description="package.module:function, or path/to/file.py:function relative to the suite."
    )
    params: dict[str, JsonValue] = Field(default_factory=dict, description="Keyword arguments of every call.")


class RecordedEndpoint(EndpointKeys):
    """Answers that were kept before."""

    kind: Literal["recorded"] = Field(description="Answers that were kept before.")
    path: Text = Field(description="A samples.jsonl of any kept run, relative to the suite. ${VAR} is expanded.")


class PluginEndpoint(EndpointKeys):
    """An endpoint of an installed package, whose other keys are that package's to check."""

    model_config = ConfigDict(extra="allow")

    kind: Text = Field(
        description="What an installed package calls its endpoints (entry points evalslo.endpoints).",
        json_schema_extra={"not": {"enum": [*KINDS]}},
    )


def _kind(value: object) -> str | None:
    """Which keys an endpoint must have; packages are looked at only for a kind that is not built in."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind is None:
        return None
    is_plugin = isinstance(kind, str) and kind not in KINDS and kind in installed(ENDPOINTS, builtin=KINDS)
    return OF_A_PLUGIN if is_plugin else str(kind)


Endpoint = Annotated[
    Annotated[OpenAiEndpoint, Tag("openai")]
    | Annotated[HttpEndpoint, Tag("http")]
    | Annotated[PythonEndpoint, Tag("python")]
    | Annotated[RecordedEndpoint, Tag("recorded")]
    | Annotated[PluginEndpoint, Tag(OF_A_PLUGIN)],
    Discriminator(_kind),
]


def _written(concurrency: Concurrency) -> int | str:
    least, start, most = concurrency.least, concurrency.start, concurrency.most
    return start if least == most else f"{least}-{start}-{most}"


class LimitsKeys(Keys):
    """Bounds on calling."""

    concurrency: ConcurrencyText = Field(
        default=_written(_DEFAULTS.concurrency),
        description="Calls in flight at once: a number, or least-start-most (1-16-256), which finds its own.",
    )
    timeout: Duration = Field(
        default=f"{_DEFAULTS.timeouts.total_s:g}s", description="For one attempt, with its unit: 60s, 1500ms, 2m."
    )
    connect_timeout: Duration = Field(
        default=f"{_DEFAULTS.timeouts.connect_s:g}s", description="For the connection of one attempt."
    )
    first_token_timeout: Duration | None = Field(
        default=None, description="From the request to the first token of a stream."
    )
    idle_timeout: Duration | None = Field(default=None, description="Between two reads of a response.")
    retries: int = Field(default=_DEFAULTS.retries, ge=0, le=20, description="Further attempts after the first.")
    retry_for: Duration = Field(
        default=f"{_DEFAULTS.retry_for_s:g}s", description="No further attempt begins later than this after the first."
    )
    requests_per_minute: float | None = Field(default=None, gt=0, description="Attempts a minute, retries included.")
    tokens_per_minute: float | None = Field(default=None, gt=0, description="Prompt and completion tokens a minute.")
    give_up_after: int = Field(
        default=_DEFAULTS.give_up_after,
        ge=0,
        description="So many failed attempts one after the other, with no answer between, end the run. 0: never.",
    )
    max_cost_usd: float | None = Field(
        default=None, gt=0, description="What all sittings of a run may cost; it stops there and can go on."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="Prompt and completion tokens that all sittings of a run may use."
    )


class JudgingKeys(Keys):
    """What a judge has beside its endpoint."""

    votes: int = Field(default=1, ge=1, le=15, description="How often each question is asked; the majority counts.")
    limits: LimitsKeys = Field(
        default_factory=LimitsKeys, description="Bounds on calling the judge, apart from those on the endpoint."
    )


class OpenAiJudge(OpenAiEndpoint, JudgingKeys):
    """A judge behind an OpenAI-compatible chat endpoint."""

    stream: Literal[False] = Field(default=False, description="A judge is not streamed: its first token is no measure.")
    prompt: None = Field(default=None, description="None: a judge is asked in evalslo's own words.")
    system: None = Field(default=None, description="None: a judge is asked in evalslo's own words.")


class HttpJudge(HttpEndpoint, JudgingKeys):
    """A judge behind HTTP and JSON; `{{ system }}` and `{{ prompt }}` in its body are what it is asked."""


class PythonJudge(PythonEndpoint, JudgingKeys):
    """A judge that is a Python function of a mapping with `system` and `prompt`."""


class RecordedJudge(RecordedEndpoint, JudgingKeys):
    """A judge's replies that were kept before."""

    path: Text = Field(description="The judge.jsonl of a kept run, relative to the suite. ${VAR} is expanded.")


class PluginJudge(PluginEndpoint, JudgingKeys):
    """A judge behind an endpoint of an installed package; it is asked `system` and `prompt`."""


Judge = Annotated[
    Annotated[OpenAiJudge, Tag("openai")]
    | Annotated[HttpJudge, Tag("http")]
    | Annotated[PythonJudge, Tag("python")]
    | Annotated[RecordedJudge, Tag("recorded")]
    | Annotated[PluginJudge, Tag(OF_A_PLUGIN)],
    Discriminator(_kind),
]
ScorerText = Annotated[
    Annotated[str, Field(pattern=SCORER), Tag("text")]
    | Annotated[list[Annotated[str, Field(pattern=JUDGE)]], Field(min_length=2, max_length=9), Tag("texts")],
    Discriminator(_form),
]
Calibration = Annotated[
    Annotated[Text, Tag("text")] | Annotated[list[Text], Field(min_length=1), Tag("texts")], Discriminator(_form)
]


class ObjectiveKeys(Keys):
    """An objective with more to say than its text."""

    objective: Text = Field(description="The objective itself: 'faithfulness >= 0.8 for 95% of requests'.")
    id: str | None = Field(
        default=None,
        pattern=OBJECTIVE_ID,
        description="Its identity in history. Default: the SLI, for example precision@5.",
    )
    critical: bool = Field(default=True, description="false: shown, and never changes the exit code.")
    on_inconclusive: OnInconclusiveKey | None = Field(
        default=None, description="As in `gate`, for this objective only."
    )
    alpha: float | None = Field(default=None, gt=0, lt=0.5, description="As in `gate`, for this objective only.")
    per: Text | None = Field(
        default=None,
        description="A tag of the golden queries, or language: the objective must hold for each of its values by itself.",
    )


ObjectiveEntry = Annotated[
    Annotated[Text, Tag("text")] | Annotated[ObjectiveKeys, Tag("mapping")], Discriminator(_form)
]


class GateKeys(Keys):
    """How verdicts are reached."""

    alpha: float = Field(
        default=float(_GATE.alpha),
        gt=0,
        lt=0.5,
        description="One-sided: how often a missed target may be shown as a PASS.",
    )
    on_inconclusive: OnInconclusiveKey = Field(
        default=_GATE.on_inconclusive, description="block: exit code 3 stands. warn: it becomes 0, and says so."
    )
    min_coverage: float = Field(
        default=float(_GATE.min_coverage), ge=0, le=1, description="The least measured share of the applicable events."
    )
    uncalibrated: OnInconclusiveKey = Field(
        default=_GATE.uncalibrated, description="What a PASS on a scorer that was never checked against people becomes."
    )
    icc_floor: float = Field(
        default=float(_GATE.icc_floor),
        ge=0,
        le=1,
        description="The least correlation assumed between repeats of a query.",
    )
    population: Population = Field(
        default=_GATE.population,
        description="What a verdict speaks of. queries: all queries like these. finite: this golden set alone.",
    )
    strict: bool = Field(
        default=_GATE.strict, description="Only methods whose error rate is proved; PASS and FAIL take more queries."
    )
    rate_method: RateMethod = Field(
        default=_GATE.rate_method, description="What bounds the share of good events, where events are independent."
    )
    mean_method: MeanMethod = Field(
        default=_GATE.mean_method, description="What bounds the mean of scores, where scores are independent."
    )


class CalendarKeys(Keys):
    """A calendar window of a time zone."""

    calendar: Literal["week", "month", "quarter"] = Field(description="It begins at midnight; a week on Monday.")
    timezone: Text = Field(default="UTC", description="An IANA time zone, for example Europe/Berlin.")


WindowKey = Annotated[
    Annotated[str, Field(pattern=WINDOW), Tag("text")] | Annotated[CalendarKeys, Tag("mapping")], Discriminator(_form)
]


class BudgetingKeys(Keys):
    """How an error budget is counted, as OpenSLO has it."""

    method: Literal["occurrences", "timeslices", "ratio-timeslices"] = Field(
        description="occurrences: good events of all. timeslices: good slices of time. ratio-timeslices: the mean of "
        "the slices' shares of good events."
    )
    slice: Annotated[str, Field(pattern=MINUTES)] | None = Field(
        default=None, description="The length of a slice: 1m, 5m, 1h. Of the two methods with slices."
    )
    target: Annotated[str, Field(pattern=SHARE)] | None = Field(
        default=None, description="Of timeslices: a slice is good with this share of good events."
    )


BudgetingKey = Annotated[
    Annotated[Literal["occurrences"], Tag("text")] | Annotated[BudgetingKeys, Tag("mapping")], Discriminator(_form)
]


class AlertsKeys(Keys):
    """Burn-rate alerts over the window."""

    preset: Literal["sre-workbook"] | None = Field(
        default=None, description="Windows from a table: those of the SRE Workbook, table 5-8. The default."
    )
    windows: Text | None = Field(
        default=None, description="Windows of your own: an AlertWindows file as Sloth reads it, relative to the suite."
    )
    cadence: Annotated[str, Field(pattern=MINUTES)] = Field(default="1h", description="How often they are looked at.")
    on_no_data: Literal["alert", "hold"] = Field(
        default="alert", description="Without an event: an alert of its own, or the state that was."
    )


AlertsKey = Annotated[
    Annotated[Literal["none"], Tag("text")] | Annotated[AlertsKeys, Tag("mapping")], Discriminator(_form)
]
ActionKey = Literal["warn", "approve", "freeze"]


class StepKeys(Keys):
    """What happens to a release while a condition holds for a critical objective."""

    when: Text = Field(description="'remaining <= 25%', or 'burn >= 6 over 6h'.")
    then: ActionKey = Field(description="warn: say so. approve: only with an override. freeze: likewise.")
    text: Text | None = Field(default=None, description="What to do then, in words.")


class FreezeKeys(Keys):
    """A time in which nothing is released."""

    start: Text = Field(alias="from", description="The first day, or the first moment: 2026-12-20, 2026-12-20T18:00.")
    end: Text = Field(alias="to", description="The last day, which is in it, or the moment it ends.")
    timezone: Text = Field(default="UTC", description="Whose days: an IANA time zone.")
    reason: Text = Field(description="Why, for those whom it stops.")


class PolicyKeys(Keys):
    """When a release is warned about, needs an approval, or is frozen."""

    freeze_when: Text | None = Field(default=None, description="Short for a step that freezes: 'remaining <= 0%'.")
    steps: list[StepKeys] = Field(default_factory=list, description="Conditions, and what follows from each.")
    freezes: list[FreezeKeys] = Field(default_factory=list, description="Times in which nothing is released.")
    on_no_data: Literal["allow", "warn", "approve", "freeze"] = Field(
        default="freeze", description="What a critical objective without one measured event does."
    )
    exempt: list[Literal["security", "reliability"]] = Field(
        default_factory=list, description="Kinds of fixes that an override lets through a frozen budget."
    )


class AgreementKeys(Keys):
    """A service level agreement on one objective."""

    target: Annotated[str, Field(pattern=SHARE)] = Field(description="The share of good events that is owed.")
    window: WindowKey | None = Field(default=None, description="Default: the suite's window.")
    remedy: Text | None = Field(default=None, description="What is owed when it is missed: 5 % credit.")


class SuiteFile(Keys):
    """A suite: golden queries, the endpoint to ask them, and the objectives that the answers must meet."""

    suite: Slug = Field(description="The suite's name.")
    service: Text | None = Field(default=None, description="The service whose objectives these are.")
    golden: GoldenKeys = Field(description="The golden queries.")
    endpoint: Endpoint = Field(description="What is called. ${VAR} and ${VAR:-default} are expanded.")
    variants: dict[Annotated[str, Field(pattern=VARIANT)], dict[str, JsonValue]] = Field(
        default_factory=dict,
        description="What differs from `endpoint`, by name. Mappings merge key by key and null takes a key away; "
        "a variant of another kind stands alone.",
        json_schema_extra=_NO_OTHER,
    )
    repeats: int = Field(default=1, ge=1, le=1000, description="How often each golden query is asked.")
    limits: LimitsKeys = Field(
        default_factory=LimitsKeys, description="How many calls at once, how long each, how often again."
    )
    slis: dict[Annotated[str, Field(pattern=SLI_NAME)], dict[str, SliOption]] = Field(
        default_factory=dict,
        description="SLIs that need a word more: {'regex:cites': {pattern: '\\[\\d+\\]'}}.",
        json_schema_extra=_NO_OTHER,
    )
    judges: dict[Slug, Judge] = Field(
        default_factory=dict,
        description="Language models that judge answers, by name: each an endpoint of its own, with limits of its own.",
        json_schema_extra=_NO_OTHER,
    )
    scorers: dict[Annotated[str, Field(pattern=SLI_TEXT)], ScorerText] = Field(
        default_factory=dict,
        description="What scores an SLI: overlap, judge:NAME, cascade:NAME, or several judges as a panel. "
        "Default: the only judge where there is one, else overlap.",
        json_schema_extra=_NO_OTHER,
    )
    calibration: Calibration | None = Field(
        default=None, description="Files that evalslo calibrate wrote, relative to the suite."
    )
    objectives: list[ObjectiveEntry] = Field(min_length=1, description="What must hold.")
    gate: GateKeys = Field(
        default_factory=GateKeys, description="How sure a verdict must be, and what becomes of an unsure one."
    )
    window: WindowKey = Field(
        default="28d", description="Over what time budgets are kept: rolling (28d), or calendar-month and its like."
    )
    budgeting: BudgetingKey = Field(default="occurrences", description="How error budgets are counted.")
    alerts: AlertsKey = Field(
        default_factory=AlertsKeys, description="Burn-rate alerts; none for none. Default: those of the SRE Workbook."
    )
    policy: PolicyKeys | None = Field(
        default=None, description="What spent budgets do to a release. Default: nothing is ever frozen."
    )
    sla: dict[Annotated[str, Field(pattern=OBJECTIVE_ID)], AgreementKeys] = Field(
        default_factory=dict,
        description="Service level agreements by the ids of objectives, each looser than its objective.",
        json_schema_extra=_NO_OTHER,
    )
