import csv
import json

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import FileFaults, UsageError
from evalslo.loaders.golden import encode_golden, read_golden
from evalslo.model.golden import Context, Message

ROW = {
    "id": "q1",
    "query": "What is an SLO?",
    "reference": ["an objective", "a target"],
    "contexts": [{"id": "d1", "text": "An SLO is ...", "score": 0.5}, {"id": "d2", "text": "An SLI is ..."}],
    "relevant": {"d1": 2, "d2": 0},
    "group": "basics",
    "tags": {"tier": "gold"},
    "language": "en",
    "answerable": True,
    "topic": "slo",
}


@pytest.fixture
def golden_of(tmp_path):
    """Writes a golden file, of lines or of rows, and reads it."""

    def read(*rows, name="golden.jsonl", **keywords):
        path = tmp_path / name
        lines = [row if isinstance(row, bytes) else row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
        return read_golden(path, **keywords)

    return read


@pytest.fixture
def told(golden_of):
    def tell(*rows, **keywords):
        with pytest.raises(FileFaults) as caught:
            golden_of(*rows, **keywords)
        return [f"{fault.line}: {fault.where}: {fault.message}" for fault in caught.value.faults]

    return tell


def test_a_row_is_read_whole(golden_of):
    (query,) = golden_of(ROW).queries
    assert (query.id, query.query, query.group, query.language) == ("q1", "What is an SLO?", "basics", "en")
    assert query.reference == ("an objective", "a target")
    assert query.contexts == (Context(id="d1", text="An SLO is ...", score=0.5), Context(id="d2", text="An SLI is ..."))
    assert query.relevant == {"d1": 2, "d2": 0}
    assert (query.tags, query.answerable, query.fields) == ({"tier": "gold"}, True, {"topic": "slo"})


def test_what_a_row_does_not_say_is_absent(golden_of):
    (query,) = golden_of({"query": "q", "contexts": None, "note": None}).queries
    assert (query.id, query.reference, query.contexts, query.relevant) == ("row-1", (), None, None)
    assert (query.group, query.tags, query.language, query.answerable) == (None, {}, None, None)
    assert query.fields == {"note": None}


def test_empty_is_not_absent_where_it_says_something(golden_of):
    (query,) = golden_of({"query": "q", "contexts": [], "relevant": [], "group": "", "reference": ""}).queries
    assert (query.contexts, query.relevant) == ((), {})
    assert (query.group, query.reference) == (None, ())


def test_relevant_ids_without_grades_have_grade_1(golden_of):
    (query,) = golden_of({"query": "q", "relevant": ["a", 7, "a"]}).queries
    assert query.relevant == {"a": 1, "7": 1}


def test_ids_may_be_whole_numbers(golden_of):
    (query,) = golden_of({"id": 12, "query": "q", "group": 3, "contexts": [{"id": 4, "text": "t"}]}).queries
    assert (query.id, query.group, query.contexts) == ("12", "3", (Context(id="4", text="t"),))


def test_the_query_of_a_conversation_is_its_last_user_turn(golden_of):
    turns = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "What is an SLI?")]
    messages = [{"role": role, "content": content} for role, content in turns]
    (query,) = golden_of({"messages": messages}).queries
    assert query.query == "What is an SLI?"
    assert query.messages[0] == Message(role="system", content="Be brief.")


def test_rows_without_an_id_are_numbered_by_row_and_blank_lines_are_skipped(golden_of):
    queries = golden_of(b"\xef\xbb\xbf" + json.dumps({"query": "a"}).encode(), "", " \r", {"query": "b"}).queries
    assert [(query.id, query.query) for query in queries] == [("row-1", "a"), ("row-2", "b")]


def test_columns_name_what_the_file_calls_otherwise(golden_of):
    row = {"question": "q", "query": "an SQL query", "id": 1, "qid": "x"}
    (query,) = golden_of(row, columns={"query": "question", "id": "qid"}).queries
    assert (query.id, query.query, query.fields) == ("x", "q", {})


def test_a_column_that_no_row_has_is_told_first(told):
    lines = told({"question": "q"}, columns={"query": "frage"})
    assert lines == [
        "None: columns: no row has the column 'frage', which columns names; write the file's own name of it",
        "1: frage: neither a query nor messages; if another column holds the question, say so: columns: {query: question}",
    ]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"question": "query"}, "unknown column 'question'; known: answerable"),
        ({"querry": "q"}, "did you mean 'query'"),
        ({"query": "q", "reference": "q"}, "'q' is named twice"),
    ],
)
def test_columns_that_make_no_sense_are_usage_errors(golden_of, columns, says):
    with pytest.raises(UsageError) as caught:
        golden_of({"query": "q"}, columns=columns)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"query": ""}, "query: an empty query; write the question or take the row out"),
        ({"query": " \n "}, "query: an empty query; write the question or take the row out"),
        ({"query": 7}, "query: found 7; wanted a text"),
        ({"query": ["q"]}, "query: found a list; wanted a text"),
        ({"query": "q", "id": ""}, "id: found an empty text; wanted an id: a text or a whole number"),
        ({"query": "q", "id": True}, "id: found true; wanted an id: a text or a whole number"),
        ({"query": "q", "id": 1.5}, "id: found 1.5; wanted an id: a text or a whole number"),
        ({"query": "q", "reference": 7}, "reference: found 7; wanted a list of texts"),
        ({"query": "q", "reference": [7]}, "reference: found a list with 7 in it; wanted a text or a list of texts"),
        ({"query": "q", "contexts": "t"}, "contexts: found 't'; wanted a list of {id, text}"),
        ({"query": "q", "contexts": ["t"]}, "contexts: context 1 of it: wanted {id: ..., text: ...}"),
        ({"query": "q", "contexts": [{"id": "a"}]}, "contexts: context 1 of it: wanted {id: ..., text: ...}"),
        (
            {"query": "q", "contexts": [{"id": "a", "text": "t", "score": "high"}]},
            "contexts: context 1 of it: found the score 'high'; wanted a number",
        ),
        (
            {"query": "q", "contexts": [{"id": "a", "text": "t"}, {"id": "a", "text": "u"}]},
            "contexts: the id 'a' more than once; give each context an id of its own",
        ),
        (
            {"query": "q", "contexts": [{"id": " ", "text": "t"}]},
            "contexts: a context with an empty id; give each context an id of its own",
        ),
        (
            {"query": "q", "contexts": [{"id": "a", "text": "t"}], "relevant": ["b", "a", "c"]},
            "relevant: unknown id 'b' and 1 more; the row's contexts have no such id",
        ),
        ({"query": "q", "relevant": "a"}, "relevant: found 'a'; wanted a mapping to grade"),
        ({"query": "q", "relevant": {"a": -1}}, "relevant: found the grade -1 of 'a'; wanted a whole number from 0 on"),
        (
            {"query": "q", "relevant": {"a": 0.5}},
            "relevant: found the grade 0.5 of 'a'; wanted a whole number from 0 on",
        ),
        (
            {"query": "q", "relevant": {"a": True}},
            "relevant: found the grade true of 'a'; wanted a whole number from 0 on",
        ),
        ({"query": "q", "tags": ["a"]}, "tags: found a list; wanted a mapping to text"),
        ({"query": "q", "tags": {"a": 1}}, "tags: found 1 as 'a'; wanted a text for every tag"),
        ({"query": "q", "language": 7}, "language: found 7; wanted a text"),
        ({"query": "q", "answerable": "yes"}, "answerable: found 'yes'; wanted true or false"),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            "messages: turn 1 of it: wanted {role: system, user or assistant; content: a text}",
        ),
        (
            {"messages": [{"role": "system", "content": "x"}]},
            "messages: no turn of the user in it; wanted one to answer",
        ),
        (
            {"messages": [{"role": "user", "content": ""}]},
            "query: an empty query; write the question or take the row out",
        ),
        (
            {"query": "a", "messages": [{"role": "user", "content": "b"}]},
            "query: is not the last user turn of messages; keep one of the two columns",
        ),
        (
            {"id": "x"},
            "query: neither a query nor messages; if another column holds the question, say so: columns: {query: question}",
        ),
        ("[1, 2]", ": found a list; wanted an object: {...}"),
        ('"text"', ": found 'text'; wanted an object: {...}"),
        ('{"query": "q"', ": no JSON: "),
        (b'{"query": "caf\xe9"}', ": a byte that is no UTF-8; save the file as UTF-8"),
        (
            '{"query": "q", "score": NaN}',
            ": no JSON: ",
        ),
    ],
)
def test_every_fault_of_a_row_has_its_line_and_column(told, row, line):
    (found,) = told({"query": "sound"}, row)
    assert found.startswith(f"2: {line}")


def test_json_nested_without_end_is_refused(told):
    (line,) = told('{"query": "q", "x": ' + "[" * 100_000 + "]" * 100_000 + "}")
    assert line.startswith("1: : no JSON: maximum recursion depth")


def test_a_duplicate_id_is_told_with_both_lines(told):
    assert told({"id": "a", "query": "x"}, {"id": 7, "query": "x"}, {"id": "a", "query": "y"}) == [
        "3: id: the id 'a' is also that of line 1; give every query an id of its own"
    ]


def test_a_numbered_row_does_not_take_the_id_of_another(told):
    assert told({"id": "row-2", "query": "x"}, {"query": "y"}) == [
        "2: id: the id 'row-2' is also that of line 1; give every query an id of its own"
    ]


def test_all_faults_come_at_once_and_a_flood_is_counted(told):
    lines = told({"query": "", "language": 1}, "{", {"query": 3, "tags": 3})
    assert [line.partition(":")[0] for line in lines] == ["1", "1", "2", "3", "3"]
    flood = told(*[{"query": ""}] * 2000)
    assert len(flood) == 51
    assert flood[-1] == "None: : and 1950 further faults"


def test_an_empty_golden_set_is_a_fault(told):
    wanted = ["None: : no golden query in it; wanted at least one row"]
    assert told() == wanted
    assert told("", "  ", "") == wanted
    assert told("query,id", name="golden.csv") == wanted
    assert told("", name="golden.csv") == wanted


@pytest.mark.parametrize("name", ["golden.jsonl", "golden.csv"])
def test_a_row_of_ten_megabytes_is_refused_with_its_line(told, name):
    long = "x" * 10_000_000
    rows = [{"query": "a"}, {"query": long}, {"query": ""}] if name.endswith("l") else ["query", long, "b"]
    lines = told(*rows, name=name)
    assert lines[0] == "2: : a row longer than 1,000,000 bytes; split it, or keep its text elsewhere"
    assert lines[1:] == (
        ["3: query: an empty query; write the question or take the row out"] if name.endswith("l") else []
    )


def test_a_quote_left_open_in_a_csv_does_not_swallow_the_file(told):
    lines = told("query,id", '"open,1', *["x" * 999] * 1100, name="golden.csv")
    assert "is a quote left open above?" in lines[0]


def test_a_long_cell_of_a_csv_is_read_and_the_limit_of_the_process_is_kept(golden_of):
    before = csv.field_size_limit()
    (query,) = golden_of("query", "x" * 500_000, name="golden.csv").queries
    assert len(query.query) == 500_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["query,query", "a,b"], "1: : the column 'query' more than once; rename one of them"),
        (["query,id", "a"], "2: : 1 cells; the header has 2: quote a cell that has a comma in it"),
        (
            ["query,id", '"a', 'b",1', "c,1"],
            "4: id: the id '1' is also that of line 2; give every query an id of its own",
        ),
        (["query,id", ",1"], "2: query: neither a query nor messages"),
        (["query,id", '"a"b,1'], "2: : no CSV: ',' expected after '\"'; check the quotes of this row"),
        (["query,tags", "a,{oops"], "2: tags: found '{oops'; wanted JSON ("),
        (["query,answerable", "a,perhaps"], "2: answerable: found 'perhaps'; wanted true or false"),
        ([b"query,id", b"caf\xe9,1"], "2: : a byte that is no UTF-8; save the file as UTF-8"),
    ],
)
def test_faults_of_a_csv_have_the_line_that_a_row_begins_on(told, lines, wanted):
    (found,) = told(*lines, name="golden.csv")
    assert found.startswith(wanted)


def test_an_unknown_ending_and_an_absent_file_are_faults(golden_of, tmp_path):
    with pytest.raises(FileFaults, match=r"found the ending '.txt'; wanted .csv, .jsonl, .ndjson, .parquet"):
        golden_of(ROW, name="golden.txt")
    for name in ("absent.jsonl", "absent.csv", "absent.parquet"):
        with pytest.raises(FileFaults, match="cannot be read"):
            read_golden(tmp_path / name)
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(FileFaults, match="directory"):
        read_golden(tmp_path / "folder.jsonl")


def test_the_same_content_has_the_same_digest_in_every_form(golden_of, tmp_path):
    rows = [ROW, {**ROW, "id": "q2", "topic": None, "contexts": None, "relevant": None, "reference": "plain"}]
    golden = golden_of(*rows)
    cells = [{key: _cell(value) for key, value in row.items()} for row in rows]
    with (tmp_path / "g.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, fieldnames=sorted(ROW))
        writer.writeheader()
        writer.writerows(cells)
    pq.write_table(pa.Table.from_pylist([{**row, "reference": _listed(row)} for row in rows]), tmp_path / "g.parquet")
    for name in ("g.csv", "g.parquet"):
        other = read_golden(tmp_path / name)
        assert other.queries == golden.queries
        assert other.digest == golden.digest
    assert golden_of(*rows, name="golden.ndjson").digest == golden.digest
    assert golden_of(rows[0]).digest != golden.digest
    assert golden_of(rows[1], rows[0]).digest != golden.digest


def _cell(value):
    if value is None:
        return ""
    return str(value) if isinstance(value, str | bool) else json.dumps(value)


def _listed(row):
    return row["reference"] if isinstance(row["reference"], list) else [row["reference"]]


def test_a_parquet_map_is_a_mapping_and_its_dates_and_nan_are_plain_data(tmp_path):
    table = pa.table(
        {
            "query": ["a", "b"],
            "relevant": pa.array([[("d1", 2)], None], type=pa.map_(pa.string(), pa.int64())),
            "when": pa.array([0, None], type=pa.timestamp("s")),
            "size": pa.array([float("nan"), 1.5]),
        }
    )
    pq.write_table(table, tmp_path / "g.parquet")
    golden = read_golden(tmp_path / "g.parquet")
    first, second = golden.queries
    assert (first.relevant, second.relevant) == ({"d1": 2}, None)
    assert first.fields == {"when": "1970-01-01T00:00:00", "size": None}
    assert second.fields == {"when": None, "size": 1.5}
    (tmp_path / "again.jsonl").write_bytes(b"".join(encode_golden(golden)))
    assert read_golden(tmp_path / "again.jsonl").queries == golden.queries


def test_faults_of_a_parquet_file_name_the_row(tmp_path):
    path = tmp_path / "g.parquet"
    pq.write_table(pa.table({"query": ["a", ""], "id": ["x", "y"], "big": ["", "z" * 1_000_001]}), path)
    with pytest.raises(FileFaults, match="row 2: a row longer than") as caught:
        read_golden(path)
    assert caught.value.faults[0].line is None
    pq.write_table(pa.table({"query": ["a", ""], "id": ["x", "x"]}), path)
    with pytest.raises(FileFaults, match=r"row 2\.query: an empty query"):
        read_golden(path)
    path.write_bytes(b"PAR1 and then nothing of the kind")
    with pytest.raises(FileFaults, match="no Parquet that can be read"):
        read_golden(path)


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_ids = _texts.filter(str.strip)
_json = st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | _texts, st.lists, max_leaves=4)
_ours = set(ROW) - {"topic"} | {"messages"}


@st.composite
def _rows(draw):
    contexts = draw(st.none() | st.lists(_ids, unique=True, max_size=3))
    row = draw(st.dictionaries(_texts.filter(lambda name: name not in _ours), _json, max_size=3))
    row |= {"query": draw(_ids), "reference": draw(_texts | st.lists(_texts, max_size=2))}
    if contexts is not None:
        row["contexts"] = [
            {"id": name, "text": draw(_texts), "score": draw(st.none() | st.floats(0, 1))} for name in contexts
        ]
        row["relevant"] = draw(st.dictionaries(st.sampled_from(contexts), st.integers(0, 3))) if contexts else []
    row |= draw(st.fixed_dictionaries({}, optional={"group": _ids, "language": _texts, "answerable": st.booleans()}))
    return row | {"tags": draw(st.dictionaries(_texts, _texts, max_size=2))}


@settings(max_examples=40)
@given(rows=st.lists(_rows(), min_size=1, max_size=3))
def test_an_encoded_golden_set_is_read_back_equal(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    (folder / "a.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    golden = read_golden(folder / "a.jsonl")
    (folder / "b.jsonl").write_bytes(b"".join(encode_golden(golden)))
    again = read_golden(folder / "b.jsonl")
    assert again.queries == golden.queries
    assert again.digest == golden.digest


def test_rows_that_say_the_same_of_themselves_share_it(tmp_path):
    rows = '{"query": "a", "tags": {"k": "v"}}\n{"query": "b", "tags": {"k": "v"}}\n{"query": "c"}\n{"query": "d"}\n'
    (tmp_path / "golden.jsonl").write_text(rows)
    one, two, three, four = read_golden(tmp_path / "golden.jsonl").queries
    assert one.tags == {"k": "v"}
    assert one.tags is two.tags
    assert three.tags is four.tags is three.fields is one.fields
    assert not three.tags
