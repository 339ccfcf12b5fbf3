"""One sitting of a run: the calls that have no sample yet are made, and every sample is kept as it comes."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from evalslo.harness.begin import Asked, Begun, Door
from evalslo.harness.collect import Bounds, Store, Watch, collect
from evalslo.harness.lag import LagMeter, merged
from evalslo.harness.plan import Plan, planned_calls, request_for
from evalslo.harness.prepare import Prepared
from evalslo.harness.provisional import Glimpse
from evalslo.harness.score import score_all, scorer_of
from evalslo.harness.spending import Spending
from evalslo.harness.tally import Tally
from evalslo.model.golden import GoldenQuery
from evalslo.model.protocols import Endpoint
from evalslo.model.run import Manifest, Provisional, Stop
from evalslo.model.sample import Request, Response, Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import Lag
from evalslo.model.suite import Suite
from evalslo.store.cache import ResponseCache, response_key
from evalslo.store.run_folder import open_samples, read_manifest, read_samples, replace_file, write_manifest

TOGETHER_S = 0.01  # a loop that is later than that may read several tokens at once, and they share a stamp
SHORT_TURN_S = 0.0005  # python gives a thread ten times that, and an answer would wait for it


async def sit(prepared: Prepared, begun: Begun, *, door: Door, asked: Asked) -> Begun:
    """Makes the calls that have no sample yet; the manifest says afterwards whether any are left to be made, and why."""
    with open_samples(begun.folder, tell=door.tell) as keep:
        # another process may have gone on with the run until it let go of it just now
        suite = prepared.suite
        kept = read_manifest(begun.folder)
        found = replace(
            kept,
            fingerprint=begun.manifest.fingerprint,
            settings=suite.settings,
            release=asked.release or kept.release,
            environment=asked.environment or kept.environment,
        )
        replace_file(begun.folder.suite_file, suite.text.encode())  # caps, judges and calibration may be others now
        manifest = replace(found, cached=found.cached or asked.cache)
        desk = _desk(prepared, manifest, door=door, fail_fast=asked.fail_fast)
        left = desk.left(planned_calls(prepared.golden, manifest), kept=read_samples(begun.folder.samples_file))
        if not left and manifest.finished_at is not None:
            write_manifest(begun.folder, found)  # the scorers may be newer than those it named
            return Begun(folder=begun.folder, manifest=found)
        # a time that is killed is lost, and the sum with it: unknown until this ends
        collecting = replace(manifest, state="collecting", finished_at=None, collecting_s=None, stopped=None)
        write_manifest(begun.folder, collecting)
        with _store(prepared, keep=desk.shown(keep), door=door, cached=asked.cache) as store:
            came = await _collect(prepared, left, desk=desk, store=store, door=door)
        ended = _ended(manifest, came, now=door.clock())
        write_manifest(begun.folder, ended)
    return Begun(folder=begun.folder, manifest=ended)


class _Desk(Struct, frozen=True, kw_only=True):
    """What a sitting works with. `follow` is given each sample, kept before or now; `enough` says that no more is needed."""

    bounds: Bounds
    tally: Tally
    glimpse: Glimpse | None
    follow: Callable[[Sample], None]
    enough: Callable[[], bool]

    def left(self, planned: Plan, *, kept: Iterable[Sample]) -> Plan:
        """The planned calls that have no sample yet; all that look on have been shown those that are kept."""
        left = planned.without(self._taken(kept))
        self.tally.done = len(planned) - len(left)
        self.tally.planned = len(planned)
        return left[:0] if self.enough() else left

    def _taken(self, kept: Iterable[Sample]) -> Iterator[tuple[str, int]]:
        for sample in kept:
            self.bounds.spending.count(sample.response, earlier=True)
            self.tally.count(sample)
            self._show(sample)
            yield sample.query_id, sample.repeat

    def shown(self, keep: Callable[[Sample], None]) -> Callable[[Sample], None]:
        """`keep`, and then all that look on are shown the sample."""

        def keep_and_show(sample: Sample) -> None:
            keep(sample)
            self._show(sample)

        return keep_and_show

    def _show(self, sample: Sample) -> None:
        self.follow(sample)
        if self.glimpse is not None:
            self.glimpse.take(sample)

    def look(self) -> tuple[Provisional, ...]:
        """What the objectives look like so far."""
        return () if self.glimpse is None else self.glimpse.now()


def _desk(prepared: Prepared, manifest: Manifest, *, door: Door, fail_fast: bool) -> _Desk:
    suite = prepared.suite
    limiter = door.limiters.of(prepared.endpoint.quota)
    spending = Spending(suite.limits, priced=suite.endpoint.price is not None)
    limiter.adopt(suite.limits)
    follow, enough = _following(prepared, manifest, fail_fast=fail_fast)
    return _Desk(
        bounds=Bounds(limits=suite.limits, limiter=limiter, spending=spending),
        tally=Tally(suite.name, limiter=limiter, spending=spending),
        glimpse=Glimpse(suite, prepared.golden.queries, score=scorer_of(suite)) if door.glimpses else None,
        follow=follow,
        enough=enough,
    )


def _following(
    prepared: Prepared, manifest: Manifest, *, fail_fast: bool
) -> tuple[Callable[[Sample], None], Callable[[], bool]]:
    """What to call with each sample, and what then says whether enough is known: never, in a run of a fixed size."""
    if manifest.sampling == "fixed":
        return lambda _: None, lambda: False
    from evalslo.harness.follow import (
        Follower,  # it judges as it goes: other runs need no statistics before a first call
    )

    suite = prepared.suite

    def score(unit: Sequence[GoldenQuery], samples: Sequence[Sample]) -> list[Score]:
        return score_all(suite, unit, samples)

    follower = Follower(suite, prepared.golden.queries, manifest, score=score)
    latches = follower.latches
    return follower.take, lambda: latches.decided or (fail_fast and latches.missed)


@contextmanager
def _store(prepared: Prepared, *, keep: Callable[[Sample], None], door: Door, cached: bool) -> Iterator[Store]:
    if not cached:
        yield Store(keep=keep)
        return
    key_of = partial(response_key, prepared.endpoint.fingerprint())
    with ResponseCache(door.home) as cache:

        def recall(request: Request) -> Response | None:
            return cache.get(key_of(request))

        def remember(request: Request, response: Response) -> None:
            cache.put(key_of(request), response)

        yield Store(keep=keep, recall=recall, remember=remember)
    if cache.fault is not None:
        door.tell(cache.fault)


class _Came(Struct, frozen=True, kw_only=True):
    """How a sitting ended: why some calls were not made (None: all were), how late the loop was, and what it took."""

    stopped: Stop | None
    lag: Lag | None
    seconds: float


async def _collect(prepared: Prepared, left: Plan, *, desk: _Desk, store: Store, door: Door) -> _Came:
    warm_up = None if _would_spoil(prepared.suite, exact=_is_exact(prepared.endpoint)) else door.warm_up
    began, live = door.clock(), desk.bounds.spending.live
    with _loading(warm_up) as load:
        watch = Watch(clock=door.clock, on_progress=door.on_progress, stop=door.stop, look=desk.look, under_way=load)
        async with LagMeter() as meter:
            stopped = await collect(
                prepared.endpoint,
                map(request_for, left),
                count=len(left),
                bounds=desk.bounds,
                store=store,
                tally=desk.tally,
                watch=watch,
                enough=desk.enough,
            )
        seconds = (door.clock() - began).total_seconds()
    lag = meter.lag() if desk.bounds.spending.live > live else None
    if lag is not None and _is_exact(prepared.endpoint) and lag.p99_s <= TOGETHER_S:
        lag = replace(lag, in_times=False)
    return _Came(stopped=None if desk.enough() else in_words(stopped, door), lag=lag, seconds=seconds)


def in_words(stopped: Stop | None, door: Door) -> Stop | None:
    """Why a sitting ended; only the door knows what gave the sign to stop."""
    if stopped is None or stopped.code != "interrupted":
        return stopped
    return replace(stopped, text=f"stopped by {door.stopped_by()}; run it again with --resume to go on")


def _is_exact(endpoint: Endpoint) -> bool:
    """Whether the system stamps what arrives: before the calls a promise, after them what was true of all."""
    return bool(getattr(endpoint, "exact", False))  # not all endpoints are behind a socket


def _would_spoil(suite: Suite, *, exact: bool) -> bool:
    """Whether an objective is on a time that a busy process would spoil.

    Of an answer that came with the system's stamps the end is sure; tokens that are read together share one.
    """
    slis = {one.sli.name for one in suite.objectives if suite.slis[one.sli.name].unit == "s"}
    return bool(slis - {"latency"} if exact else slis)


@contextmanager
def _loading(load: Callable[[], None] | None) -> Iterator[Callable[[], None]]:
    """A function that begins to load beside all else, in short turns; at the end it is waited for."""
    threads: list[threading.Thread] = []
    turn_s = sys.getswitchinterval()

    def begin() -> None:
        if load is not None:
            sys.setswitchinterval(SHORT_TURN_S)
            threads.append(threading.Thread(target=load, name="evalslo-warm-up", daemon=True))
            threads[-1].start()

    try:
        yield begin
    finally:
        for thread in threads:
            thread.join()
        sys.setswitchinterval(turn_s)


def _ended(manifest: Manifest, came: _Came, *, now: datetime) -> Manifest:
    whole = came.stopped is None
    return replace(
        manifest,
        state="finished" if whole else "interrupted",
        stopped=came.stopped,
        lag=merged(manifest.lag, came.lag),
        finished_at=now.astimezone(UTC).isoformat(timespec="milliseconds") if whole else None,
        collecting_s=None if manifest.collecting_s is None else manifest.collecting_s + came.seconds,
    )
