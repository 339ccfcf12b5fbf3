"""One sitting of a run: what it asks, what it keeps, and what its manifest says afterwards."""

import asyncio
import sqlite3
import sys
import threading
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from evalslo import plugins
from evalslo.harness.begin import Asked, Door, Started, begin_run
from evalslo.harness.prepare import Prepared, prepare
from evalslo.harness.sitting import sit
from evalslo.loaders.suite import read_suite
from evalslo.model.run import Lag
from evalslo.model.sample import ErrorClass
from evalslo.model.scorecard import Fingerprint
from evalslo.store.cache import cache_file
from evalslo.store.run_folder import read_manifest, read_samples, write_manifest
from tests.support.services import Service, answer, failure
from tests.support.suites import rows, write_suite


class Room:
    """A suite, a service in place of its endpoint, and a home for runs."""

    def __init__(self, folder, service, *, number=40, objectives=("contains >= 90%",), **limits):
        self.home, self.service = folder / "home", service
        path = write_suite(folder / "suite", golden=rows(number), objectives=objectives, limits=limits)
        made = prepare(read_suite(path, slis=plugins.sli_specs()), environ={})
        self.prepared = Prepared(suite=made.suite, golden=made.golden, endpoint=service)
        self.stop, self.progress, self.told = asyncio.Event(), [], []

    def raise_limits(self, **limits):
        suite = self.prepared.suite
        self.prepared = replace(self.prepared, suite=replace(suite, limits=replace(suite.limits, **limits)))

    def begin(self):
        fingerprint = Fingerprint(golden=self.prepared.golden.digest, suite="", endpoint={}, scorers={})
        started = Started(at=datetime.now(UTC), token=f"{len(list(self.home.glob('runs/*')))}", seed=0)
        return begin_run(
            self.prepared.suite,
            self.prepared.golden,
            fingerprint=fingerprint,
            home=self.home,
            started=started,
            asked=Asked(),
        )

    async def sit(self, begun, *, asked=None, **door):
        begun = await sit(self.prepared, begun, door=self.door(**door), asked=asked or Asked())
        assert read_manifest(begun.folder) == begun.manifest
        return begun

    def door(self, **more):
        return Door(
            home=self.home,
            clock=lambda: datetime.now(UTC),
            token="t",
            seed=0,
            on_progress=self.progress.append,
            stop=self.stop,
            tell=self.told.append,
            **more,
        )


def service(respond=lambda *_: answer("Paris"), *, takes_s=0.0):
    return Service(respond, takes_s=takes_s)


def keys(begun):
    return [(sample.query_id, sample.repeat) for sample in read_samples(begun.folder.samples_file)]


async def test_a_whole_sitting_finishes_the_run(tmp_path):
    room = Room(tmp_path, service())
    begun = await room.sit(room.begin())
    assert (begun.manifest.state, begun.manifest.stopped, begun.manifest.cached) == ("finished", None, False)
    assert len(set(keys(begun))) == 40
    assert begun.manifest.collecting_s > 0


async def test_a_finished_run_is_not_asked_again(tmp_path):
    room = Room(tmp_path, service())
    begun = await room.sit(await room.sit(room.begin()))
    assert len(room.service.starts) == 40
    assert begun.manifest.state == "finished"


async def test_a_stopped_run_says_why_and_goes_on_with_what_is_missing(tmp_path):
    room = Room(tmp_path, service(lambda *_: answer("Paris", cost_usd=1.0)), concurrency=2, max_cost_usd=6)
    begun = await room.sit(room.begin())
    assert (begun.manifest.state, begun.manifest.stopped.code) == ("interrupted", "cost_cap")
    assert begun.manifest.finished_at is None
    assert len(keys(begun)) == 6

    again = await room.sit(begun)
    assert again.manifest.stopped.code == "cost_cap"
    assert len(room.service.starts) == 6

    room.raise_limits(max_cost_usd=100.0)
    done = await room.sit(again)
    assert (done.manifest.state, done.manifest.stopped) == ("finished", None)
    assert sorted(keys(done)) == sorted(set(keys(done)))
    assert len(room.service.starts) == 40


async def test_the_sign_to_stop_leaves_a_run_that_says_so(tmp_path):
    room = Room(tmp_path, service(takes_s=0.01), concurrency=1)
    room.stop.set()
    begun = await room.sit(room.begin())
    assert begun.manifest.stopped.code == "interrupted"
    assert keys(begun) == []


async def test_progress_of_a_second_sitting_counts_the_first(tmp_path):
    def respond(one, _):
        if len(one.starts) == 7:
            room.stop.set()
        return failure(ErrorClass.CLIENT, status=400)

    room = Room(tmp_path, service(respond), concurrency=1)
    begun = await room.sit(room.begin())
    assert len(keys(begun)) == 7
    room.stop.clear()
    room.progress.clear()
    await room.sit(begun)
    first, last = room.progress[0], room.progress[-1]
    assert (first.done, first.errors, first.by_class) == (7, 7, {"client": 7})
    assert (last.done, last.planned, last.errors) == (40, 40, 40)


async def test_answers_of_another_run_are_found_in_the_cache(tmp_path):
    room = Room(tmp_path, service())
    first = await room.sit(room.begin(), asked=Asked(cache=True))
    second = await room.sit(room.begin(), asked=Asked(cache=True))
    assert len(room.service.starts) == 40
    assert first.manifest.cached
    assert second.manifest.cached
    assert {sample.response.timing for sample in read_samples(second.folder.samples_file)} == {"cached"}
    assert second.manifest.lag is None


async def test_without_being_asked_nothing_is_cached(tmp_path):
    room = Room(tmp_path, service())
    await room.sit(room.begin())
    await room.sit(room.begin(), asked=Asked(cache=True))
    assert len(room.service.starts) == 80


async def test_a_run_that_was_cached_once_stays_so(tmp_path):
    def respond(one, _):
        if len(one.starts) == 5:
            room.stop.set()
        return answer("Paris")

    room = Room(tmp_path, service(respond), concurrency=1)
    begun = await room.sit(room.begin(), asked=Asked(cache=True))
    room.stop.clear()
    done = await room.sit(begun)
    assert done.manifest.cached


async def test_the_lag_of_live_calls_is_kept_and_the_worst_of_all_sittings_counts(tmp_path):
    room = Room(tmp_path, service(takes_s=0.03), concurrency=10)
    begun = room.begin()
    worst = Lag(p50_s=0.0, p99_s=9.0, max_s=0.0)
    write_manifest(begun.folder, replace(begun.manifest, lag=worst))
    done = await room.sit(begun)
    assert done.manifest.lag.p99_s == 9.0
    assert done.manifest.lag.max_s > 0.0


@pytest.mark.parametrize(
    ("objectives", "loads"), [(["contains >= 90%"], 1), (["contains >= 90%", "p90 latency <= 2s"], 0)]
)
async def test_the_gate_is_loaded_beside_the_calls_unless_times_are_judged(tmp_path, objectives, loads):
    objectives = [one if one.startswith("contains") else "latency p90 <= 2s" for one in objectives]
    room, seen = Room(tmp_path, service(takes_s=0.05), objectives=objectives), []
    await room.sit(room.begin(), warm_up=lambda: seen.append(threading.current_thread()))
    assert len(seen) == loads
    assert threading.main_thread() not in seen


class Exact(Service):
    """A service whose arrivals the system stamps."""

    exact = True


async def test_where_arrivals_are_stamped_the_gate_is_not_loaded_beside_streams_whose_tokens_are_timed(tmp_path):
    timed = Exact(lambda *_: answer("Paris"), takes_s=0.05)
    room, seen = Room(tmp_path, timed, objectives=["contains >= 90%", "ttft p90 <= 2s"]), []
    await room.sit(room.begin(), warm_up=lambda: seen.append(1))
    assert not seen


async def test_where_arrivals_are_stamped_the_gate_is_loaded_early_and_times_are_free_of_the_lag(tmp_path):
    timed = Exact(lambda *_: answer("Paris"), takes_s=0.05)
    room, seen = Room(tmp_path, timed, objectives=["contains >= 90%", "latency p90 <= 2s"]), []
    done = await room.sit(room.begin(), warm_up=lambda: seen.append(sys.getswitchinterval()))
    assert [turn_s < 0.001 for turn_s in seen] == [True]
    assert sys.getswitchinterval() > 0.001
    assert done.manifest.lag.in_times == (done.manifest.lag.p99_s > 0.01)


async def test_where_one_answer_came_without_a_stamp_times_are_not_free_of_the_lag(tmp_path):
    def respond(one, _):
        one.exact = len(one.starts) != 7 and one.exact
        return answer("Paris")

    timed = Exact(respond, takes_s=0.05)
    done = await Room(tmp_path, timed).sit(Room(tmp_path, timed).begin())
    assert done.manifest.lag.in_times


async def test_what_another_process_did_to_the_run_before_it_was_held_is_gone_on_with(tmp_path):
    def respond(one, _):
        if len(one.starts) == 7:
            room.stop.set()
        return answer("Paris")

    room = Room(tmp_path, service(respond), concurrency=1)
    seen = await room.sit(room.begin())  # what both processes have read
    room.stop.clear()
    other = await room.sit(seen)
    lag = Lag(p50_s=1.0, p99_s=2.0, max_s=3.0)
    write_manifest(other.folder, replace(other.manifest, lag=lag, collecting_s=50.0))
    late = await room.sit(seen)
    assert len(room.service.starts) == 40
    assert late.manifest == replace(other.manifest, lag=lag, collecting_s=50.0)


async def test_answers_of_earlier_sittings_that_told_no_cost_stop_nothing(tmp_path):
    def respond(one, _):
        return answer("Paris") if len(one.starts) <= 6 else answer("Paris", cost_usd=0.01)

    room = Room(tmp_path, service(respond), concurrency=1, max_cost_usd=5)
    begun = await room.sit(room.begin())
    assert (begun.manifest.stopped.code, len(keys(begun))) == ("cost_unknown", 4)
    again = await room.sit(begun)
    assert (again.manifest.state, len(keys(again))) == ("finished", 40)


async def test_answers_of_earlier_sittings_are_charged_as_the_largest_known(tmp_path):
    def respond(one, _):
        return answer("Paris") if len(one.starts) <= 6 else answer("Paris", cost_usd=0.5)

    room = Room(tmp_path, service(respond), concurrency=1, max_cost_usd=5)
    again = await room.sit(await room.sit(room.begin()))
    assert (again.manifest.stopped.code, len(keys(again))) == ("cost_cap", 10)


@pytest.mark.parametrize("glimpses", [True, False])
async def test_provisional_figures_are_made_where_somebody_looks(tmp_path, glimpses):
    room = Room(tmp_path, service())
    await room.sit(room.begin(), glimpses=glimpses)
    assert bool(room.progress[-1].provisional) == glimpses


async def test_a_fault_of_the_cache_is_told_once_and_costs_nothing(tmp_path):
    def respond(one, _):
        if len(one.starts) == 1:
            with sqlite3.connect(cache_file(room.home)) as other:
                other.execute("DROP TABLE responses")
            other.close()
        return answer("Paris")

    room = Room(tmp_path, service(respond))
    begun = await room.sit(room.begin(), asked=Asked(cache=True))
    assert len(keys(begun)) == 40
    assert begun.manifest.state == "finished"
    assert len(room.told) == 1
    assert "responses" in room.told[0]
