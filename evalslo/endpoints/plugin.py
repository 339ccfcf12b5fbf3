"""An endpoint of another package, held to the protocol: what it does wrong is a failed call or a message, never a traceback."""

import inspect
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec.structs import replace

from evalslo.endpoints.attempt import MAX_RESPONSE_BYTES, failed, malformed, one_attempt, too_large, unexpected
from evalslo.endpoints.redact import Redactor, redactor, secrets_in
from evalslo.endpoints.values import cost_usd, query_fields, read_context, read_count, shape
from evalslo.errors import EvalsloError, MeasurementError, UnsetVariableError, UsageError
from evalslo.installed import Plugin, load, told
from evalslo.model.protocols import Endpoint
from evalslo.model.sample import ErrorClass, Request, Response, Usage
from evalslo.model.suite import Price, Timeouts

_PARTS = ("fingerprint", "quota", "call", "__aenter__", "__aexit__")
_WANTED = "a function factory(options, *, environ, folder, timeouts) that gives an Endpoint"


def plugin_endpoint(
    plugin: Plugin,
    *,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: Path,
    timeouts: Timeouts,
    price: Price | None,
    recorded: Mapping[str, Any],
) -> Endpoint:
    """The endpoint that a plugin makes of a suite's `options`. Raises UsageError where it makes none."""
    factory = load(plugin)
    if not callable(factory):
        raise plugin.refusal(f"{plugin.target} is {shape(factory)}; wanted {_WANTED}")
    redact = redactor(secrets_in(environ))
    try:
        made = factory(dict(options), environ=environ, folder=folder, timeouts=timeouts)
    except UsageError as error:  # the plugin says itself what is wrong with the options
        kind = UnsetVariableError if isinstance(error, UnsetVariableError) else UsageError
        raise kind(redact.message(str(error))) from error
    except (Exception, SystemExit) as error:
        said = redact.message(told(error))
        raise plugin.refusal(f"opening it with these options failed: {said}", mend="mend the options, or it") from error
    endpoint = _endpoint(made, plugin)
    own = _own_fingerprint(endpoint, plugin, redact)
    recorded = {**recorded, "package": f"{plugin.package} {plugin.version}", "plugin": own}
    return PluginEndpoint(endpoint, plugin=plugin, timeouts=timeouts, price=price, redactor=redact, recorded=recorded)


class PluginEndpoint:
    """Another package's endpoint: its calls bounded in time, its responses checked, timed and priced where it did not."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        plugin: Plugin,
        timeouts: Timeouts,
        price: Price | None,
        redactor: Redactor,
        recorded: Mapping[str, Any],
    ) -> None:
        self._endpoint = endpoint
        self._plugin = plugin
        self._timeouts = timeouts
        self._price = price
        self._redactor = redactor
        self._recorded = recorded

    def fingerprint(self) -> Mapping[str, Any]:
        """The options as the suite wrote them, the package and its version, and what the plugin says of itself."""
        return self._recorded

    @property
    def quota(self) -> str:
        """The plugin's own; it shares none with another kind."""
        return f"{self._plugin.name} {self._endpoint.quota}"

    async def __aenter__(self) -> Self:
        try:
            await self._endpoint.__aenter__()
        except (Exception, SystemExit) as error:
            raise self._unmeasured("it could not be made ready", error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._endpoint.__aexit__(kind, error, trace)
        except (Exception, SystemExit) as failure:
            problem = "it failed when it was closed; every answer is kept, and --resume goes on"
            raise self._unmeasured(problem, failure) from failure

    async def call(self, request: Request) -> Response:
        """The response to `request`, in one attempt."""
        return await one_attempt(
            self._attempt(replace(request, fields=query_fields(request))),
            timeout_s=self._timeouts.total_s,
            explain=unexpected,
            redactor=self._redactor,
        )

    async def _attempt(self, request: Request) -> Response:
        started_s = time.perf_counter()
        response = checked(await self._endpoint.call(request))
        took_s = time.perf_counter() - started_s
        if response.error is not None or response.timing != "live":
            return response
        latency_s = took_s if response.latency_s is None else response.latency_s
        own_cost = response.cost_usd
        cost = cost_usd(response.usage, self._price) if own_cost is None else own_cost
        return replace(response, latency_s=latency_s, cost_usd=cost)

    def _unmeasured(self, problem: str, error: BaseException) -> EvalsloError:
        return MeasurementError(f"{self._plugin}: {problem}: {self._redactor.message(told(error))}")


def checked(found: object) -> Response:
    """What a plugin's call gave, where it is a Response that can be kept. Raises CallFailed where it is none."""
    if not isinstance(found, Response):
        raise malformed(f"the plugin gave {shape(found)}, wanted a Response")
    try:
        response = msgspec.convert(msgspec.to_builtins(found), Response)
    except (msgspec.ValidationError, TypeError) as error:
        raise malformed(f"the plugin gave a Response of the wrong form: {error}") from error
    if (response.answer is None) == (response.error is None):
        raise malformed("the plugin gave a Response with both or neither of an answer and an error")
    if not all(0 <= number < math.inf for number in _numbers(response)):
        raise malformed("the plugin gave a Response with a time, a cost or a wait that is not finite and 0 or more")
    if response.answer is not None:
        _check_answer(response.answer)
    return replace(response, contexts=_contexts(response), usage=_usage(response.usage))


def _numbers(response: Response) -> list[float]:
    hint, error = response.hint, response.error
    waits = (hint.requests_left, hint.requests_reset_s, hint.tokens_left, hint.tokens_reset_s) if hint else ()
    times = (response.latency_s, response.ttft_s, *response.gaps_s, error.retry_after_s if error else None)
    return [number for number in (*waits, *times, response.cost_usd) if number is not None]


def _check_answer(answer: str) -> None:
    if not answer.strip():
        raise failed(ErrorClass.EMPTY, "the plugin gave an empty answer")
    if len(answer) > MAX_RESPONSE_BYTES:
        raise too_large()


def _contexts(response: Response) -> tuple[Any, ...] | None:
    if response.contexts is None:
        return None
    return tuple(
        read_context(one.id, text=one.text, score=one.score, place=f"contexts[{at}]")
        for at, one in enumerate(response.contexts)
    )


def _usage(usage: Usage | None) -> Usage | None:
    for count in (usage.prompt_tokens, usage.completion_tokens) if usage else ():
        if count is not None and read_count(count) is None:
            raise malformed("the plugin gave a count of tokens below 0, or beyond what anyone counts")
    return usage


def _endpoint(made: object, plugin: Plugin) -> Endpoint:
    missing = [part for part in _PARTS if inspect.getattr_static(made, part, None) is None]
    if missing:
        raise plugin.refusal(f"what {plugin.target} gave is no Endpoint: it has no {', no '.join(missing)}")
    endpoint: Endpoint = made  # type: ignore[assignment] # what an Endpoint must have, it has
    if not inspect.iscoroutinefunction(inspect.unwrap(endpoint.call)):
        raise plugin.refusal("its call is not async; wanted async def call(self, request)")
    return endpoint


def _own_fingerprint(endpoint: Endpoint, plugin: Plugin, redact: Redactor) -> Mapping[str, Any]:
    """What the plugin says of itself as plain JSON, secrets of the environment taken out."""
    try:
        quota, own = endpoint.quota, endpoint.fingerprint()
        text = json.dumps(dict(own), allow_nan=False, sort_keys=True)
    except (Exception, SystemExit) as error:
        said = redact.message(told(error))
        raise plugin.refusal(
            f"its fingerprint or quota is of no use: {said}; wanted a mapping of JSON, and a text"
        ) from error
    if not isinstance(quota, str):
        raise plugin.refusal(f"its quota is {shape(quota)}; wanted a text")
    plain: Mapping[str, Any] = json.loads(redact.answer(text))
    return plain
