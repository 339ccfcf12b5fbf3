from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.golden import read_golden, read_hub

ROWS = [
    {"qid": 1, "question": "What is an SLO?", "contexts": [{"id": "a", "text": "t"}], "relevant": ["a"]},
    {"qid": 2, "question": "What is an SLI?", "contexts": [{"id": "b", "text": "u"}], "relevant": ["b"]},
]
COLUMNS = {"id": "qid", "query": "question"}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "set" / "test.parquet")
    return tmp_path


@pytest.mark.usefixtures("offline")
def test_a_data_set_is_read_as_its_file_would_be(folder):
    hub = {"name": str(folder / "set"), "split": "test", "revision": "main"}
    golden = read_hub(hub, columns=COLUMNS, cache_dir=folder / "cache")
    same = read_golden(folder / "set" / "test.parquet", columns=COLUMNS)
    assert golden.queries == same.queries
    assert golden.digest == same.digest
    assert golden.source == f"hub:{folder / 'set'}/test@main"
    assert [query.id for query in golden.queries] == ["1", "2"]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("change", [{"split": "nowhere"}, {"config": "nowhere"}, {"name": "no-such/data-set"}])
def test_a_data_set_that_cannot_be_had_is_one_fault(folder, change):
    hub = {"name": str(folder / "set"), "split": "test", "revision": "main"} | change
    with pytest.raises(FileFaults, match="wanted a data set with this config, split and revision") as caught:
        read_hub(hub, cache_dir=folder / "cache")
    (fault,) = caught.value.faults
    assert str(fault).isprintable()
    assert fault.file.startswith("hub:")


@pytest.mark.usefixtures("offline")
def test_faults_of_a_data_set_name_the_row_and_its_column(folder):
    hub = {"name": str(folder / "set"), "split": "test", "revision": "main"}
    with pytest.raises(FileFaults) as caught:
        read_hub(hub, columns={"query": "question", "language": "qid"}, cache_dir=folder / "cache")
    assert [fault.where for fault in caught.value.faults] == ["row 1.qid", "row 2.qid"]
