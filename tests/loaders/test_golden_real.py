"""Public data sets of other people, brought to golden rows as a user would bring them."""

import gzip
import json
import os
from pathlib import Path

import pytest

from evalslo.loaders.golden import encode_golden, read_golden

DATA = Path(os.environ.get("EVALSLO_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the real data sets are not here (EVALSLO_TEST_DATA)")
    return DATA


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_pubmedqa_is_read_whole(data, tmp_path):
    with gzip.open(data / "qa" / "pubmedqa" / "ori_pqal.json.gz", "rt", encoding="utf-8") as stream:
        articles = json.load(stream)
    rows = [
        {
            "id": number,
            "question": article["QUESTION"],
            "reference": article["LONG_ANSWER"],
            "contexts": [{"id": f"{number}-{at}", "text": text} for at, text in enumerate(article["CONTEXTS"])],
            "relevant": {f"{number}-0": 1},
            "decision": article["final_decision"],
        }
        for number, article in articles.items()
    ]
    golden = read_golden(write(tmp_path / "p.jsonl", rows), columns={"query": "question"})
    assert len(golden.queries) == 1000
    assert {query.fields["decision"] for query in golden.queries} == {"yes", "no", "maybe"}
    assert all(query.contexts and query.reference for query in golden.queries)
    (tmp_path / "again.jsonl").write_bytes(b"".join(encode_golden(golden)))
    assert read_golden(tmp_path / "again.jsonl").digest == golden.digest


def test_xquad_paragraphs_are_groups_of_their_questions(data, tmp_path):
    articles = json.loads((data / "qa" / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    rows = [
        {
            "id": asked["id"],
            "query": asked["question"],
            "reference": [answer["text"] for answer in asked["answers"]],
            "contexts": [{"id": f"{article['title']}-{at}", "text": paragraph["context"]}],
            "group": article["title"],
            "language": "en",
        }
        for article in articles
        for at, paragraph in enumerate(article["paragraphs"])
        for asked in paragraph["qas"]
    ]
    golden = read_golden(write(tmp_path / "x.jsonl", rows))
    assert len(golden.queries) == 1190
    assert len({query.cluster for query in golden.queries}) == len(articles)


def test_nq_open_is_read_as_it_stands(data):
    golden = read_golden(
        data / "qa" / "nq_open" / "NQ-open.dev.jsonl", columns={"query": "question", "reference": "answer"}
    )
    assert len(golden.queries) == 3610
    assert golden.queries[0].id == "row-1"
