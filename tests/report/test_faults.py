"""The faults of files, told at once."""

from rich.cells import cell_len

from evalslo.errors import Fault, FileFaults
from evalslo.report.faults import render_faults


def shown(page, *faults: Fault) -> list[str]:
    render_faults(FileFaults(faults), page.console)
    return page.lines


def test_each_fault_is_told_with_its_place_and_all_are_counted(paper):
    lines = shown(
        paper(100),
        Fault("suites/rag.yaml", 14, "objectives[2]", "unknown SLI 'faithfullness'; did you mean 'faithfulness'?"),
        Fault("golden.jsonl", 3, "", "duplicate id 'q-7'"),
        Fault("data.parquet", None, "query", "the column is missing"),
    )
    assert lines == [
        "suites/rag.yaml:14: objectives[2]: unknown SLI 'faithfullness'; did you mean 'faithfulness'?",
        "golden.jsonl:3: duplicate id 'q-7'",
        "data.parquet: query: the column is missing",
        "",
        "3 faults in 3 files; nothing was called",
    ]


def test_one_fault_is_counted_as_one(paper):
    assert shown(paper(80), Fault("a.yaml", 1, "", "empty"))[-1] == "1 fault in 1 file; nothing was called"


def test_long_messages_wrap_under_their_fault(paper):
    lines = shown(paper(40), Fault("suite.yaml", 2, "golden", "wanted a path " * 10))
    assert max(cell_len(line) for line in lines) <= 40
    assert lines[0].startswith("suite.yaml:2: golden:")
    assert all(line.startswith("    ") for line in lines[1:-2])


def test_hostile_files_forge_no_fault(paper, hostile):
    page = paper(60)
    lines = shown(page, Fault("a.jsonl\nb.jsonl:1: forged", 1, hostile, hostile))
    assert "\x1b" not in page.text
    assert lines[0].startswith("a.jsonl b.jsonl:1: forged:1:")
    assert all(line.startswith("    ") for line in lines[1:-2])
