"""The column `weight`: how much of the traffic a golden query stands for."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.golden import encode_golden, read_golden

HANDBOOK = Path(__file__).parents[2] / "fixtures" / "handbook" / "golden.jsonl"


@pytest.fixture
def read(tmp_path):
    """Writes rows as JSON Lines, or a text under the name of a file, and reads them."""

    def from_rows(*rows, text=None, name="golden.jsonl", **keywords):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(row) for row in rows) if text is None else text, encoding="utf-8")
        return read_golden(path, **keywords)

    return from_rows


def told(read, *rows, **keywords):
    with pytest.raises(FileFaults) as caught:
        read(*rows, **keywords)
    return [f"{fault.line}: {fault.where}: {fault.message}" for fault in caught.value.faults]


def test_a_weight_is_a_number_in_every_form(read, tmp_path):
    weights = [query.weight for query in read({"query": "a", "weight": 3}, {"query": "b", "weight": 0.25}).queries]
    assert weights == [3.0, 0.25]
    assert [query.weight for query in read(text="query,weight\na,3\nb,2.5e-1\n", name="g.csv").queries] == weights
    pq.write_table(pa.table({"query": ["a", "b"], "weight": [3.0, 0.25]}), tmp_path / "g.parquet")
    assert [query.weight for query in read_golden(tmp_path / "g.parquet").queries] == weights


def test_without_weights_there_are_none(read):
    assert [query.weight for query in read({"query": "a"}, {"query": "b", "weight": None}).queries] == [None, None]


def test_another_column_may_hold_the_weights(read):
    (query,) = read({"query": "a", "calls": 12, "weight": "heavy"}, columns={"weight": "calls"}).queries
    assert (query.weight, query.fields) == (12.0, {})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-1, "-1"),
        (1e-7, "1e-07"),
        (1e7, "10000000.0"),
        (10**400, "1" + "0" * 59 + "…"),
        (True, "true"),
        ("2", "'2'"),
        ([1], "a list"),
    ],
)
def test_what_is_no_weight_is_told(read, value, shown):
    assert told(read, {"query": "a", "weight": value}) == [
        f"1: weight: found {shown}; wanted a number above 0, from 0.000001 to 1000000"
    ]


@pytest.mark.parametrize("cell", ["nan", "inf", "1_000", "heavy", "0x10", "-3", "1e400"])
def test_a_cell_that_is_no_weight_is_told(read, cell):
    (line,) = told(read, text=f"query,weight\na,{cell}\n", name="g.csv")
    assert line.startswith("2: weight: found ")
    assert line.endswith("; wanted a number above 0, from 0.000001 to 1000000")


def test_rows_that_lack_a_weight_are_named_where_others_have_one(read):
    message = "no weight, while other rows have one; give every row its weight, or none"
    rows = [{"query": "a"}, {"query": "b", "weight": 2}, {"query": "c", "weight": None}]
    assert told(read, *rows) == [f"1: weight: {message}", f"3: weight: {message}"]
    (line,) = told(read, {"query": "a", "n": 1}, {"query": "b"}, columns={"weight": "n"})
    assert line == f"2: n: {message}"


def test_rows_that_lack_a_weight_are_counted_beyond_fifty(read):
    lines = told(read, *({"query": "a"} for _ in range(80)), {"query": "b", "weight": 2})
    assert (len(lines), lines[-1]) == (51, "None: : and 30 further faults")


def test_a_fault_of_one_weight_does_not_blame_the_others(read):
    lines = told(read, {"query": "a", "weight": "x"}, {"query": "b", "weight": 2})
    assert len(lines) == 1


def test_weights_are_read_back_as_they_were_kept(read, tmp_path):
    golden = read({"query": "a", "weight": 3}, {"query": "b", "weight": 0.1})
    (tmp_path / "again.jsonl").write_bytes(b"".join(encode_golden(golden)))
    again = read_golden(tmp_path / "again.jsonl")
    assert (again.queries, again.digest) == (golden.queries, golden.digest)


def test_weights_are_content(read):
    digests = {
        read({"query": "a"}, {"query": "b"}).digest,
        read({"query": "a", "weight": 1}, {"query": "b", "weight": 1}).digest,
        read({"query": "a", "weight": 2}, {"query": "b", "weight": 1}).digest,
    }
    assert len(digests) == 3
    assert read({"query": "a", "weight": 2}).digest == read({"weight": 2.0, "query": "a"}).digest


def test_golden_sets_without_weights_keep_the_digests_they_had_before_there_were_any(read):
    wanted = "sha256:e6c469a23018b4b846b394b5f6bf89238d8213d8b7c603e1bfefe7850da9d38c"
    first = "".join(HANDBOOK.read_text(encoding="utf-8").splitlines(keepends=True)[:180])  # as it was then
    assert read(text=first).digest == wanted
    row = {"id": "q1", "query": "q", "contexts": [{"id": "d", "text": "t", "score": 0.5}], "tags": {"b": "x", "a": "y"}}
    digest = "sha256:07d104ffe1e2c35e7a422c583b7158c1d77d081e9a39ca418a591989be9f6662"
    assert read({**row, "more": {"weight": None, "fields": 1}}).digest == digest
