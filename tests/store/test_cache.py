"""The cache of answers: found again by what was asked, and never a reason for a run to fail."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from evalslo.errors import MeasurementError
from evalslo.model.golden import Context, Message
from evalslo.model.sample import CallError, ErrorClass, RateHint, Request, Response, Usage
from evalslo.store.cache import ResponseCache, cache_file, response_key

ROOT = Path(__file__).parents[2]
ENDPOINT = {"kind": "openai", "model": "m", "params": {"seed": 7, "temperature": 0}, "variables": {"A": "sha256:1"}}
REQUEST = Request(
    query_id="q0",
    fields={"id": "q0", "query": "Who?", "contexts": (Context(id="d1", text="Text."),), "tags": {"lang": "en"}},
)
ANSWER = Response(
    answer="Paris",
    contexts=(Context(id="d1", text="Text.", score=0.5),),
    latency_s=1.0,
    ttft_s=0.5,
    gaps_s=(0.1, 0.2),
    usage=Usage(prompt_tokens=3, completion_tokens=4),
    cost_usd=0.01,
    model="m-2026",
    finish_reason="stop",
    hint=RateHint(requests_left=3),
)
KEY = response_key(ENDPOINT, REQUEST)


def test_an_answer_comes_back_whole_and_without_the_times_of_another_run(home):
    with ResponseCache(home) as cache:
        assert cache.get(KEY) is None
        cache.put(KEY, ANSWER)
        assert cache.get(KEY) == replace(ANSWER, latency_s=None, ttft_s=None, gaps_s=(), hint=None, timing="cached")
        assert cache.fault is None


def test_answers_outlive_the_process_that_kept_them(home):
    script = (
        "import os, sys; from pathlib import Path; from evalslo.store.cache import ResponseCache\n"
        "from evalslo.model.sample import Response\n"
        "with ResponseCache(Path(sys.argv[1])) as cache:\n"
        "    cache.put(b'k', Response(answer='kept'))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home)], cwd=ROOT, check=False)
    assert done.returncode == -9
    with ResponseCache(home) as cache:
        assert cache.get(b"k") == Response(answer="kept", timing="cached")


@pytest.mark.parametrize(
    "response",
    [
        Response(error=CallError(kind=ErrorClass.SERVER, message="no")),
        Response(answer="cut off", error=CallError(kind=ErrorClass.TRUNCATED, message="no finish")),
        replace(ANSWER, timing="recorded"),
        replace(ANSWER, timing="cached"),
        replace(ANSWER, answer="half \ud800"),
    ],
)
def test_only_whole_live_answers_are_kept(home, response):
    with ResponseCache(home) as cache:
        cache.put(KEY, response)
        assert cache.get(KEY) is None
        assert cache.fault is None


@pytest.mark.parametrize(
    ("endpoint", "request_"),
    [
        ({**ENDPOINT, "model": "n"}, REQUEST),
        ({**ENDPOINT, "params": {"seed": 8, "temperature": 0}}, REQUEST),
        ({**ENDPOINT, "variables": {"A": "sha256:2"}}, REQUEST),
        (ENDPOINT, replace(REQUEST, repeat=1)),
        (ENDPOINT, replace(REQUEST, query_id="q1")),
        (ENDPOINT, replace(REQUEST, fields={**REQUEST.fields, "query": "Whom?"})),
        (ENDPOINT, replace(REQUEST, fields={**REQUEST.fields, "team": "a"})),
        (ENDPOINT, replace(REQUEST, fields={**REQUEST.fields, "messages": (Message(role="user", content="Who?"),)})),
    ],
)
def test_whatever_can_change_an_answer_changes_the_key(endpoint, request_):
    assert response_key(endpoint, request_) != KEY


def test_the_order_of_columns_and_options_does_not_change_the_key():
    fields = dict(reversed(REQUEST.fields.items()))
    assert response_key(dict(reversed(ENDPOINT.items())), replace(REQUEST, fields=fields)) == KEY


def test_texts_that_no_utf8_can_hold_have_keys_of_their_own():
    first, second = (replace(REQUEST, fields={"query": f"\ud800{text}"}) for text in "ab")
    assert response_key(ENDPOINT, first) == response_key(ENDPOINT, first) != response_key(ENDPOINT, second)


def test_a_key_is_the_same_in_every_process():
    """Neither a hash seed nor a version of Python may change it: the file outlives both."""
    request = Request(query_id="q", fields={"query": "Who?", "tags": {"b": "2", "a": "1"}})
    assert response_key({"kind": "python"}, request).hex()[:16] == "d3422432a5e50996"


def test_the_first_cache_of_a_home_keeps_it_out_of_git(home):
    with ResponseCache(home):
        assert (home / ".gitignore").read_text() == "*\n"
        assert cache_file(home) == home / "cache" / "responses.sqlite"


def test_a_later_answer_replaces_the_earlier_one(home):
    with ResponseCache(home) as cache, ResponseCache(home) as other:
        cache.put(KEY, ANSWER)
        other.put(KEY, replace(ANSWER, answer="Rome"))
        assert [one.get(KEY).answer for one in (cache, other)] == ["Rome", "Rome"]


def test_a_cache_that_is_closed_has_nothing_and_takes_nothing(home):
    with ResponseCache(home) as cache:
        pass
    cache.put(KEY, ANSWER)
    assert cache.get(KEY) is None


def keep_file(home, data):
    file = cache_file(home)
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    return file


def kept_by(home, *statements):
    """A SQLite file that these statements made."""
    file = keep_file(home, b"")
    with sqlite3.connect(file) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return file


def refused(home, match):
    with pytest.raises(MeasurementError, match=match) as caught, ResponseCache(home):
        pytest.fail("it cannot be opened")
    assert str(cache_file(home)) in str(caught.value)


def test_a_file_that_is_no_database_is_told_with_a_mend(home):
    file = keep_file(home, b"not a database, but long enough to be looked at" * 100)
    before = file.read_bytes()
    refused(home, "not a cache that can be read: .*; delete it")
    assert file.read_bytes() == before


def test_a_database_of_another_program_is_left_alone(home):
    file = kept_by(home, "CREATE TABLE theirs (x)", "INSERT INTO theirs VALUES (1)")
    before = file.read_bytes()
    refused(home, "another program; move it away, or set EVALSLO_HOME")
    assert file.read_bytes() == before


def test_a_cache_of_a_later_version_is_told_with_a_mend(home):
    with ResponseCache(home):
        pass
    with sqlite3.connect(cache_file(home)) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    refused(home, r"another version of evalslo \(schema 2\); delete it")


def test_a_file_where_the_folder_should_be_is_told_with_a_mend(home):
    home.mkdir()
    (home / "cache").write_text("mine")
    refused(home, "cannot keep answers here: .*; set EVALSLO_HOME, or run without --cache")


def test_a_folder_where_the_file_should_be_is_told_with_a_mend(home):
    cache_file(home).mkdir(parents=True)
    refused(home, "cannot be used: .*, or run without --cache")


@pytest.mark.parametrize("row", [b"", b"{", b'{"answer": 1}', b"\xff\xfe", "a text", 7, b'"' + b"x" * 1000])
def test_a_row_that_is_no_answer_is_a_miss(home, row):
    with ResponseCache(home) as cache:
        with sqlite3.connect(cache_file(home)) as database:
            database.execute("INSERT INTO responses VALUES (?, ?)", (KEY, row))
        database.close()
        assert cache.get(KEY) is None
        cache.put(KEY, ANSWER)
        assert cache.get(KEY).answer == "Paris"


def test_a_table_that_went_away_costs_answers_and_no_run(home):
    with ResponseCache(home) as cache:
        with sqlite3.connect(cache_file(home)) as database:
            database.execute("DROP TABLE responses")
        database.close()
        cache.put(KEY, ANSWER)
        assert cache.get(KEY) is None
        assert "no such table" in cache.fault


def test_a_cache_that_another_process_holds_still_answers_and_drops_what_is_new(home):
    with ResponseCache(home) as cache:
        cache.put(KEY, ANSWER)
        holder = sqlite3.connect(cache_file(home), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        cache.put(b"new", ANSWER)
        assert cache.get(b"new") is None
        assert cache.get(KEY).answer == "Paris"
        assert "locked" in cache.fault
        holder.close()
        cache.put(b"new", ANSWER)
        assert cache.get(b"new").answer == "Paris"


def test_processes_that_begin_at_once_share_one_cache(home):
    script = (
        "import sys; from pathlib import Path; from evalslo.store.cache import ResponseCache\n"
        "from evalslo.model.sample import Response\n"
        "sys.stdin.read()\n"
        "with ResponseCache(Path(sys.argv[1])) as cache:\n"
        "    for number in range(50):\n"
        "        cache.put(b'%s %d' % (sys.argv[2].encode(), number), Response(answer=sys.argv[2]))\n"
        "    print(cache.fault)\n"
    )
    names = "abcd"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in processes:
        process.stdin.close()
        process.stdin = None
    told = [process.communicate(timeout=60)[0].strip() for process in processes]
    with ResponseCache(home) as cache:
        kept = {name: sum(cache.get(b"%s %d" % (name.encode(), n)) is not None for n in range(50)) for name in names}
    for name, said in zip(names, told, strict=True):
        assert kept[name] == 50 or "locked" in said
    assert sum(kept.values()) >= 150


def test_nothing_of_sqlite_is_loaded_with_the_store():
    program = "import sys, evalslo.store.cache; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "False"
