"""The measurements, one function a table."""

import json
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.collecting.page import Table
from benchmarks.collecting.processes import Measured, endpoint, measure
from benchmarks.collecting.suites import QUALITY, STREAMED, TIMED, bare, evalslo, questions, write_suite

AT_ONCE = 50


def median(runs: Sequence[Measured], figure: str) -> float:
    return statistics.median(getattr(one, figure) for one in runs)


def beside_bare(*, runs: int, quick: bool) -> Table:
    """Wall, processor and calls in flight at 1,000 and 5,000 queries; the runs of the rivals alternate."""
    sizes = (1_000,) if quick else (1_000, 5_000)
    found: dict[tuple[str, int], list[Measured]] = {}
    with endpoint() as server, tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for size in sizes:
                for name, command in _rivals(server, Path(folder), size).items():
                    home = {"EVALSLO_HOME": f"{folder}/home"}
                    found.setdefault((name, size), []).append(measure(command, server=server, environ=home))
    rows = [_beside_row(name, size, found) for name, size in found]
    if not quick:
        rows += [_slope_row(name, found, sizes=sizes) for name in dict.fromkeys(name for name, _ in found)]
    return Table(
        title="Beside a bare loop",
        about=f"Answers after 50 ms, {AT_ONCE} at once. `bare own`: the same client, a bare loop; `timed` gates latency too.",
        heads=(
            "",
            "queries",
            "wall s",
            "x bare own",
            "x bare aiohttp",
            "CPU s",
            "peak MB",
            "in flight",
            "first request s",
        ),
        rows=rows,
    )


def _rivals(server: str, folder: Path, size: int) -> dict[str, list[str]]:
    rivals = {
        f"bare {client}": bare(client, calls=size, concurrency=AT_ONCE, server=server) for client in ("own", "aiohttp")
    }
    for name, objectives in (("evalslo", QUALITY), ("evalslo timed", TIMED)):
        there = folder / f"{name.replace(' ', '-')}-{size}"
        there.mkdir(exist_ok=True)
        suite = write_suite(
            there, server=server, queries=questions(size), concurrency=AT_ONCE, objectives=objectives, stream=False
        )
        rivals[name] = evalslo("run", str(suite), "--quiet")
    return rivals


def _beside_row(name: str, size: int, found: Mapping[tuple[str, int], Sequence[Measured]]) -> list[str]:
    runs = found[name, size]
    wall = median(runs, "wall_s")
    ratios = [f"{wall / median(found[rival, size], 'wall_s'):.2f}" for rival in ("bare own", "bare aiohttp")]
    return [
        name,
        f"{size:,}",
        f"{wall:.2f}",
        *ratios,
        f"{median(runs, 'cpu_s'):.2f}",
        f"{median(runs, 'peak_mb'):.0f}",
        f"{median(runs, 'mean_in_flight'):.1f}",
        f"{median(runs, 'to_first_s'):.2f}",
    ]


def _slope_row(name: str, found: Mapping[tuple[str, int], Sequence[Measured]], *, sizes: Sequence[int]) -> list[str]:
    small, large = sizes
    cpu = (median(found[name, large], "cpu_s") - median(found[name, small], "cpu_s")) / (large - small)
    return [name, f"{small:,} to {large:,}", "", "", "", f"{cpu * 1000:.2f} ms a further query", "", "", ""]


def memory(*, runs: int, quick: bool) -> Table:
    """Peak memory at growing numbers of queries."""
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    rows = []
    with endpoint() as server, tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            suite = write_suite(
                Path(folder), server=server, queries=questions(size), concurrency=256, objectives=TIMED, stream=False
            )
            took = measure(
                evalslo("run", str(suite), "--quiet"), server=server, environ={"EVALSLO_HOME": f"{folder}/home"}
            )
            rows.append([f"{size:,}", f"{took.peak_mb:.0f}", f"{took.wall_s:.1f}", f"{took.cpu_s:.1f}"])
    return Table(
        title="Memory",
        about="256 calls at once, answers after 50 ms; one run each.",
        heads=("queries", "peak MB", "wall s", "CPU s"),
        rows=rows,
    )


def cached(*, runs: int, quick: bool) -> Table:
    """The same run again with `--cache`: no call is made."""
    sizes = (1_000,) if quick else (1_000, 5_000)
    rows = []
    with endpoint() as server, tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            suite = write_suite(
                Path(folder),
                server=server,
                queries=questions(size),
                concurrency=AT_ONCE,
                objectives=QUALITY,
                stream=False,
            )
            command = evalslo("run", str(suite), "--quiet", "--cache")
            home = {"EVALSLO_HOME": f"{folder}/home{size}"}
            first = measure(command, server=server, environ=home)
            again = [measure(command, server=server, environ=home) for _ in range(runs)]
            rows.append(
                [
                    f"{size:,}",
                    f"{first.wall_s:.2f}",
                    f"{median(again, 'wall_s'):.2f}",
                    f"{median(again, 'cpu_s'):.2f}",
                    f"{max(one.calls for one in again)}",
                ]
            )
    if not quick:
        further = (float(rows[1][2]) - float(rows[0][2])) / (sizes[1] - sizes[0]) * 1000
        rows.append(["a further 1,000", "", f"{further:.2f}", "", ""])
    return Table(
        title="Cached",
        about="The same run a second time with `--cache`.",
        heads=("queries", "first run, wall s", "again, wall s", "again, CPU s", "calls made again"),
        rows=rows,
    )


def first_token(*, runs: int, quick: bool) -> Table:
    """The error of the reported time to first token, against when the server wrote it."""
    rows = []
    with endpoint() as server, tempfile.TemporaryDirectory() as folder:
        for at_once in (64, 256):
            for pattern in ("jittered", "bursts"):
                errors: list[float] = []
                lags = []
                for turn in range(runs):
                    one, lag = _stream_errors(Path(folder), server, at_once=at_once, pattern=pattern, turn=turn)
                    errors += one
                    lags.append(lag)
                rows.append([str(at_once), pattern, f"{len(errors):,}", *_quantiles(errors), f"{max(lags) * 1000:.2f}"])
    return Table(
        title="Time to first token",
        about="Streams of 50 tokens, three rounds of streams a run; error in ms of the run log's figure, by the server's own "
        "stamps. `lag p99` is what the run itself says of its event loop.",
        heads=("streams at once", "pattern", "streams", "median", "p99", "largest", "lag p99"),
        rows=rows,
    )


def _stream_errors(folder: Path, server: str, *, at_once: int, pattern: str, turn: int) -> tuple[list[float], float]:
    queries = [f"t{turn}n{number} {pattern}" for number in range(3 * at_once)]
    suite = write_suite(folder, server=server, queries=queries, concurrency=at_once, objectives=STREAMED, stream=True)
    home = Path(tempfile.mkdtemp(dir=folder))
    took = measure(evalslo("run", str(suite), "--quiet"), server=server, environ={"EVALSLO_HOME": str(home)})
    (run,) = (home / "runs").iterdir()
    samples = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    asked = {f"q{number}": query.split()[0] for number, query in enumerate(queries)}
    errors = [sample["ttft_s"] - took.first_token_s[asked[sample["query_id"]]] for sample in samples]
    return errors, json.loads((run / "manifest.json").read_text())["lag"]["p99_s"]


def _quantiles(errors: Sequence[float]) -> list[str]:
    by_size = sorted(abs(error) for error in errors)
    at = [by_size[int(share * (len(by_size) - 1))] for share in (0.5, 0.99, 1.0)]
    return [f"{error * 1000:.2f}" for error in at]


def thousand(*, runs: int, quick: bool) -> Table:
    """A thousand calls at once against one endpoint."""
    rows = []
    with endpoint() as server, tempfile.TemporaryDirectory() as folder:
        for stream in (False, True):
            queries = [f"n{number} jittered" for number in range(5_000)]
            suite = write_suite(
                Path(folder),
                server=server,
                queries=queries,
                concurrency=1_000,
                objectives=("errors <= 1%",),
                stream=stream,
            )
            home = Path(tempfile.mkdtemp(dir=folder))
            took = measure(evalslo("run", str(suite), "--quiet"), server=server, environ={"EVALSLO_HOME": str(home)})
            (run,) = (home / "runs").iterdir()
            card = json.loads((run / "scorecard.json").read_text())
            rows.append(
                [
                    "streams" if stream else "plain",
                    f"{took.calls:,}",
                    f"{took.most_in_flight:,}",
                    str(sum(card["errors"].values())),
                    f"{took.wall_s:.1f}",
                    f"{took.cpu_s:.1f}",
                    f"{took.peak_mb:.0f}",
                ]
            )
    return Table(
        title="A thousand at once",
        about="5,000 queries, concurrency 1,000; one run each.",
        heads=("answers", "calls", "most in flight", "errors", "wall s", "CPU s", "peak MB"),
        rows=rows,
    )


ALL: Mapping[str, Callable[..., Table]] = {
    "beside": beside_bare,
    "memory": memory,
    "cached": cached,
    "ttft": first_token,
    "thousand": thousand,
}
