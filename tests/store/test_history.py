"""The history on both databases: what is recorded is there once, whole, whoever writes and whenever they are killed."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.errors import MeasurementError, UsageError
from evalslo.model.alert import AlertRules, BurnPair
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Feed, KeptRow, Override, RunRecord, Series, Tally, TimeSlice
from evalslo.model.policy import Agreement, Condition, FreezePeriod, Policy, PolicyStep
from evalslo.model.scorecard import Verdict
from evalslo.model.terms import Terms
from evalslo.model.window import BudgetRules, Period, Window
from evalslo.store import history_schema
from evalslo.store.database import Sqlite
from evalslo.store.history import HOUR_S, MINUTE_S, open_history
from tests.support.postgres import running_postgres

DAY = Window(text="1d", length_s=86_400)
SERIES = Series(
    service="shop", suite="support", environment=None, objective="faithful", sli="faithfulness", source="nightly"
)
RUN = RunRecord(
    run_id="20260101T000000-support-aaaa",
    suite="support",
    service="shop",
    environment=None,
    release="v1",
    variant=None,
    source="nightly",
    verdict="pass",
    exit_code=0,
    started_at="2026-01-01T00:00:00.000+00:00",
    finished_at="2026-01-01T00:05:00.000+00:00",
    version="0.1.0",
    fingerprint={"golden": "sha256:1", "endpoint": {"model": "a"}},
    objectives=(
        KeptRow(
            id="faithful",
            text="faithfulness >= 0.8 for 95% of requests",
            critical=True,
            verdict=Verdict.PASS,
            target=0.95,
            estimate=0.98,
            lower=0.96,
            upper=0.99,
            n=200,
            good=196,
            bad=4,
        ),
    ),
    commit="abc",
    actor="mia",
)
TERMS = Terms(
    service="shop",
    suite="support",
    objectives=(
        BudgetedObjective(
            id="faithful",
            text="x",
            sli="faithfulness",
            target=Fraction(19, 20),
            window=Window(text="calendar-month", calendar="month", timezone="Europe/Berlin"),
            rules=BudgetRules(method="timeslices", slice_s=300, slice_target=Fraction(9, 10)),
        ),
    ),
    unbudgeted=(("ndcg@3 >= 0.7", "a mean"),),
    alerts=AlertRules(
        preset="own",
        pairs=(BurnPair(severity="page", name="quick", budget=Fraction(1, 50), long_s=3600, short_s=300),),
    ),
    policy=Policy(
        steps=(
            PolicyStep(
                when=Condition(text="remaining <= 0%", measure="remaining", op="<=", bound=Fraction(0)), then="freeze"
            ),
        ),
        freezes=(FreezePeriod(start=1, end=2, reason="holidays"),),
        exempt=("security",),
    ),
    agreements=(Agreement(objective="faithful", target=Fraction(9, 10), window=DAY, remedy="5 %"),),
)
OVERRIDE = Override(
    id="o1",
    service="shop",
    environment="prod",
    release="v1",
    reason="a CVE",
    kind="security",
    actor="mia",
    commit=None,
    created_at="2026-01-01T00:00:00+00:00",
    expires_at="2026-01-02T00:00:00+00:00",
)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    try:
        with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
            yield url
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


@pytest.fixture(params=["sqlite", "postgres"])
def where(request, tmp_path):
    if request.param == "sqlite":
        return tmp_path / "deep" / "history.db"
    url = request.getfixturevalue("postgres")
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


def minute(start: int, *, good: int = 1, bad: int = 0, unmeasured: int = 0) -> TimeSlice:
    return TimeSlice(start=start, width_s=MINUTE_S, tally=Tally(good=good, bad=bad, unmeasured=unmeasured))


def feed(name: str, *slices: TimeSlice, series: Series = SERIES) -> Feed:
    return Feed(id=name, source=series.source, slices={series: slices})


def events(history, *, series: Series = SERIES, minutes: bool = True) -> int:
    found = history.slices(series, period=Period(start=0, end=10**10), minutes=minutes)
    return sum(one.tally.good + one.tally.bad for one in found)


def test_every_noun_comes_back_as_it_was(where):
    with open_history(where) as history:
        recorded = history.add(RUN, terms=TERMS, feed=feed("f1", minute(0, bad=2)))
        history.add_override(OVERRIDE)
        assert (recorded.fed, recorded.events) == (True, 3)
    with open_history(where) as history:
        assert history.run(RUN.run_id) == RUN
        assert history.run("another") is None
        assert history.runs() == (RUN,)
        assert [one.terms for one in history.terms()] == [TERMS]
        assert history.overrides(service="shop") == (OVERRIDE,)
        assert history.services() == ("shop",)
        (span,) = history.spans(service="shop", suite="support", environment=None)
        assert (span.series, span.first, span.last) == (SERIES, 0, HOUR_S)
        assert history.spans(service="shop", suite="support", environment="prod") == ()


def test_the_same_feed_counts_once_and_other_series_stay_apart(where):
    other = replace(SERIES, source="probe")
    tagged = replace(SERIES, tag="language=de")
    with open_history(where) as history:
        assert history.add(RUN, terms=TERMS, feed=feed("f1", minute(60))).fed
        assert not history.add(RUN, terms=TERMS, feed=feed("f1", minute(60))).fed
        assert history.add_feed(feed("f1", minute(60, good=5), series=other)).fed
        assert history.add_feed(feed("f2", minute(60, good=7), series=tagged)).fed
        assert [events(history, series=one) for one in (SERIES, other, tagged)] == [1, 5, 7]
        assert len(history.runs()) == 1


def test_newer_terms_replace_older_ones_and_never_the_other_way(where):
    older, newer = replace(TERMS, alpha=0.1), replace(TERMS, alpha=0.01)
    late = replace(RUN, run_id="b", finished_at="2026-02-01T00:00:00.000+00:00")
    with open_history(where) as history:
        history.add(late, terms=newer, feed=None)
        history.add(RUN, terms=older, feed=None)
        assert [one.terms.alpha for one in history.terms()] == [0.01]


def test_late_and_out_of_order_events_fall_into_their_own_time(where):
    with open_history(where) as history:
        history.add_feed(feed("late", minute(7200), minute(0)))
        history.add_feed(feed("later", minute(3600), minute(0, bad=1)))
        found = history.slices(SERIES, period=Period(start=0, end=7260), minutes=True)
        assert [(one.start, one.tally.good, one.tally.bad) for one in found] == [(0, 2, 1), (3600, 1, 0), (7200, 1, 0)]


def test_compaction_drops_minutes_and_no_event(where):
    with open_history(where) as history:
        history.add_feed(feed("old", *(minute(at) for at in range(0, 2 * HOUR_S, MINUTE_S))))
        assert history.compact(before=HOUR_S) == 60
        assert events(history) == 60
        assert events(history, minutes=False) == 120
        assert not history.add_feed(feed("old", minute(0))).fed


def test_hours_and_edges_sum_to_the_minutes(tmp_path):
    starts = st.integers(0, 400).map(lambda at: at * MINUTE_S)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(starts, max_size=30), starts, starts)
    def check(at, one, two):
        period = Period(start=min(one, two), end=max(one, two))
        with open_history(tmp_path / f"{os.urandom(6).hex()}.db") as history:
            history.add_feed(feed("f", *(minute(start, bad=1) for start in at)))
            by_hours = history.slices(SERIES, period=period, minutes=False)
            by_minutes = history.slices(SERIES, period=period, minutes=True)
        assert sum(one.tally.bad for one in by_hours) == sum(one.tally.bad for one in by_minutes)
        assert [one.start for one in by_hours] == sorted(one.start for one in by_hours)

    check()


def _write(where, writer: int, count: int) -> None:
    for number in range(count):
        with open_history(where) as history:
            history.add_feed(feed(f"shared-{number}", minute(0)))  # every writer brings the same ones
            history.add_feed(feed(f"{writer}-{number}", minute(60 * number)))


def test_sixteen_writers_lose_and_double_nothing(where):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(where, number, 4)) for number in range(16)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(timeout=120)
    assert [one.exitcode for one in writers] == [0] * 16
    with open_history(where) as history:
        assert events(history) == 16 * 4 + 4
        assert events(history, minutes=False) == 16 * 4 + 4


def _write_until_killed(where, ready) -> None:
    with open_history(where) as history:
        number = 0
        while True:
            slices = [minute(at) for at in range(0, 500 * MINUTE_S, MINUTE_S)]
            history.add_feed(feed(f"f{number}", *slices))
            number += 1
            ready.set()


def test_a_killed_writer_leaves_whole_feeds_only(tmp_path):
    where = tmp_path / "history.db"
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        ready = context.Event()
        writer = context.Process(target=_write_until_killed, args=(where, ready))
        writer.start()
        assert ready.wait(timeout=60)
        threading.Event().wait(0.02)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    with open_history(where) as history:
        (fed,) = history._database.rows("SELECT COUNT(*) FROM feeds")[0]
        assert fed >= 1
        assert events(history) == events(history, minutes=False) == 500 * fed
        assert history._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert history.add_feed(feed("after", minute(0))).fed


def test_two_that_open_a_new_history_at_once_both_can(where):
    context = multiprocessing.get_context("spawn")
    openers = [context.Process(target=_write, args=(where, number, 1)) for number in range(4)]
    for one in openers:
        one.start()
    for one in openers:
        one.join(timeout=60)
    assert [one.exitcode for one in openers] == [0] * 4


def test_a_history_of_a_newer_version_is_refused(tmp_path):
    where = tmp_path / "history.db"
    open_history(where)._database.close()
    with sqlite3.connect(where) as connection:
        connection.execute("UPDATE evalslo_history SET version = ?", (history_schema.VERSION + 1,))
    with pytest.raises(MeasurementError, match="update evalslo"):
        open_history(where)


def test_an_older_history_gets_the_later_tables(tmp_path, monkeypatch):
    where = tmp_path / "history.db"
    with open_history(where) as history:
        history.add_feed(feed("f", minute(0)))
    later = (*history_schema.MIGRATIONS, ("CREATE TABLE later (x INTEGER)",))
    monkeypatch.setattr("evalslo.store.database.MIGRATIONS", later)
    monkeypatch.setattr("evalslo.store.database.VERSION", len(later))
    with open_history(where) as history:
        assert events(history) == 1
        assert history._database.rows("SELECT * FROM later") == []


def test_a_file_that_is_no_history_says_so(tmp_path):
    where = tmp_path / "history.db"
    where.write_bytes(b"not a database, but a text of some length" * 100)
    with pytest.raises(MeasurementError, match="EVALSLO_HISTORY"):
        open_history(where)


def test_a_folder_in_the_way_says_so(tmp_path):
    (tmp_path / "history.db").mkdir()
    with pytest.raises(MeasurementError, match="cannot be opened"):
        open_history(tmp_path / "history.db")


def test_a_failed_write_leaves_nothing(tmp_path):
    database = Sqlite(tmp_path / "x.db")

    def work() -> None:
        database.rows("CREATE TABLE half (x INTEGER)")
        raise KeyError

    with pytest.raises(KeyError):
        database.written(work)
    assert database.rows("SELECT name FROM sqlite_master") == []
    database.close()


def test_another_kind_of_url_is_refused():
    with pytest.raises(UsageError, match="postgresql"):
        open_history("mysql://root@localhost/x")


def test_a_password_is_not_told():
    with pytest.raises(MeasurementError) as told:
        open_history("postgresql://mia:hunter2@127.0.0.1:9/history?connect_timeout=2")
    assert "hunter2" not in str(told.value)
    assert "127.0.0.1:9/history" in str(told.value)
