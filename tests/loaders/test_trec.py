"""Runs and qrels in TREC's formats: read as trec_eval reads them, with all faults told, and written."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.errors import FileFaults, UsageError
from evalslo.loaders.trec import read_qrels, read_run, write_qrels, write_run


@pytest.fixture
def file(tmp_path):
    """Writes a file with these bytes, or this text."""

    def file(content):
        path = tmp_path / "trec.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return file


def told(read, path):
    with pytest.raises(FileFaults) as raised:
        read(path)
    return [str(fault).removeprefix(f"{path}") for fault in raised.value.faults]


def test_a_run_is_read_by_its_scores_and_not_by_its_ranks(file):
    run = read_run(file("q1 Q0 d1 9 0.5 mine\nq1\tQ0\td2\t7\t  1.5e0\tmine\r\nq2 Q0 d1 1 -3 last\n"))
    assert run.rankings == {"q1": {"d1": 0.5, "d2": 1.5}, "q2": {"d1": -3.0}}
    assert (run.tag, run.repeated) == ("last", 0)


def test_empty_lines_comments_a_byte_order_mark_and_words_after_the_tag_are_passed_over(file):
    text = "\ufeff# made by hand\n\n  \nq1 Q0 d#1 1 0.5 mine and more\n# q1 Q0 d2 1 0.5 mine"
    assert read_run(file(text)).rankings == {"q1": {"d#1": 0.5}}
    assert read_qrels(file("\ufeff# made by hand\n\nq1 0 d#1 2\n#x\n")) == {"q1": {"d#1": 2}}


def test_a_repeated_document_of_a_run_counts_once_with_its_best_score(file):
    run = read_run(file("q Q0 a 1 2 t\nq Q0 a 2 3 t\nq Q0 a 3 1 t\nr Q0 a 1 1 t\n"))
    assert (run.rankings, run.repeated) == ({"q": {"a": 3.0}, "r": {"a": 1.0}}, 2)


def test_ids_are_split_at_ascii_white_space_only(file):
    assert read_qrels(file("q\u3000eins 0 d\u00a01 1\n")) == {"q\u3000eins": {"d\u00a01": 1}}


def test_grades_below_nought_say_that_nobody_judged(file):
    assert read_qrels(file("q 0 a -1\nq 0 b 0\nq 0 c +3\nr 0 a -2\n")) == {"q": {"b": 0, "c": 3}}


def test_the_faults_of_a_run_come_all_at_once_with_their_lines(file):
    lines = [
        b"q Q0 d 1 0.5",
        b"q Q0 d 1 high t",
        b"q Q0 d 1 nan t",
        b"q Q0 d 1 1e999 t",
        b"q Q0 \xff 1 1 t",
        b"\x1b[2J",
    ]
    assert told(read_run, file(b"\n".join(lines))) == [
        ":1: found 5 columns; wanted query Q0 document rank score tag",
        ":2: score: found 'high'; wanted a finite number",
        ":3: score: found 'nan'; wanted a finite number",
        ":4: score: found '1e999'; wanted a finite number",
        ":5: a byte that is no UTF-8; save the file as UTF-8",
        ":6: found 1 columns; wanted query Q0 document rank score tag",
    ]


def test_the_faults_of_qrels_come_all_at_once_with_their_lines(file):
    text = "q 0 a\nq 0 a 1.5\nq 0 a \x1b[2J\nq 0 a 1000001\nq 0 a 1\nq 0 a 0\n"
    assert told(read_qrels, file(text)) == [
        ":1: found 3 columns; wanted query 0 document grade",
        ":2: grade: found '1.5'; wanted a whole number up to 1,000,000",
        r":3: grade: found '\x1b[2J'; wanted a whole number up to 1,000,000",
        ":4: grade: found '1000001'; wanted a whole number up to 1,000,000",
        ":6: the document 'a' is judged twice for its query; keep one of the lines",
    ]


@pytest.mark.parametrize("read", [read_run, read_qrels])
def test_a_line_without_end_is_bounded_and_the_rest_is_read_on(read, file):
    faults = told(read, file(b"x" * 25_000 + b"\nq\n" + b"y" * 9_999))
    assert [fault.partition(": ")[0] for fault in faults] == [":1", ":2", ":3"]
    assert "10,000 bytes or more" in faults[0]
    assert "1 columns" in faults[2]


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n"])
def test_a_file_with_nothing_in_it_is_a_fault(content, file):
    assert told(read_run, file(content)) == [
        ": nothing in it; wanted lines of the form query Q0 document rank score tag"
    ]
    assert told(read_qrels, file(content)) == [": nothing in it; wanted lines of the form query 0 document grade"]


def test_no_more_than_fifty_faults_are_told(file):
    faults = told(read_qrels, file("q 0 a\n" * 80))
    assert len(faults) == 51
    assert faults[-1] == ": and 30 further faults"


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path):
    assert told(read_run, tmp_path / "absent") == [": cannot be read: No such file or directory"]
    assert told(read_qrels, tmp_path) == [": cannot be read: Is a directory"]


def test_a_run_is_written_best_first_and_ties_by_id_descending(tmp_path):
    write_run(tmp_path / "run", {"q": {"a": 1.0, "b": 0.1, "c": 1.0}}, tag="mine")
    assert (tmp_path / "run").read_text() == "q Q0 c 1 1.0 mine\nq Q0 a 2 1.0 mine\nq Q0 b 3 0.1 mine\n"


IDS = st.text(string.ascii_letters + string.digits + "#-_é日\u00a0", min_size=1, max_size=8).filter(
    lambda s: s[0] != "#"
)


@given(
    rankings=st.dictionaries(
        IDS, st.dictionaries(IDS, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5), min_size=1
    )
)
def test_what_is_written_is_read_back(rankings, tmp_path_factory):
    path = tmp_path_factory.mktemp("trec") / "file"
    write_run(path, rankings, tag="mine")
    assert read_run(path).rankings == rankings
    qrels = {query: dict.fromkeys(documents, 2) for query, documents in rankings.items()}
    write_qrels(path, qrels)
    assert read_qrels(path) == qrels


@pytest.mark.parametrize("name", ["", "a b", "a\nq Q0 forged 1 99 t", "#a", "\t"])
def test_an_id_that_would_forge_a_column_or_a_line_is_refused(name, tmp_path):
    for write in (
        lambda: write_run(tmp_path / "f", {"q": {name: 1.0}}, tag="t"),
        lambda: write_run(tmp_path / "f", {name: {"a": 1.0}}, tag="t"),
        lambda: write_run(tmp_path / "f", {"q": {"a": 1.0}}, tag=name),
        lambda: write_qrels(tmp_path / "f", {"q": {name: 1}}),
        lambda: write_qrels(tmp_path / "f", {name: {"a": 1}}),
    ):
        with pytest.raises(UsageError, match="cannot stand in a TREC file"):
            write()


def test_a_score_that_nobody_could_read_back_is_refused(tmp_path):
    with pytest.raises(UsageError, match="found the score inf"):
        write_run(tmp_path / "f", {"q": {"a": float("inf")}}, tag="t")
