"""The pictures of docs/statistics.md, from the measured figures alone. The same figures give the same bytes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from benchmarks.coverage.cells import ALPHA
from benchmarks.coverage.document import Measured
from benchmarks.coverage.proportions import CURVE_SIZES, CURVE_TARGETS
from benchmarks.coverage.sequential import CURVE
from benchmarks.coverage.traps import ROUNDS_OF_MORE, TOP_UP

# Okabe and Ito's colours, which people with any colour vision tell apart, each with a dash of its own
INK = {
    "black": ("#000000", "-"),
    "blue": ("#0072B2", "-"),
    "orange": ("#E69F00", "-"),
    "green": ("#009E73", "--"),
    "red": ("#D55E00", "-"),
    "pink": ("#CC79A7", "-."),
}
STYLE = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": "#e0e0e0",
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "svg.hashsalt": "evalslo",
}


def draw(measured: Measured, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    with mpl.rc_context(STYLE):
        for name, picture in PICTURES.items():
            figure = picture(measured)
            path = folder / f"{name}.svg"
            figure.savefig(path, metadata={"Date": None, "Creator": None})
            plt.close(figure)
            yield path


def shares(measured: Measured) -> Picture:
    figure, panels = plt.subplots(1, 4, figsize=(10, 3.2), sharey=True)
    names = {"clopper-pearson": "Clopper-Pearson", "wilson": "Wilson", "jeffreys": "Jeffreys", "wald": "normal formula"}
    for axes, (method, title) in zip(panels, names.items(), strict=True):
        for n, ink in zip(CURVE_SIZES, ("orange", "blue"), strict=True):
            heights = [_value(measured, f"A-curve/{n}", f"{method} {t}.pass") for t in CURVE_TARGETS]
            _line(axes, [float(t) * 100 for t in CURVE_TARGETS], heights, f"n = {n}", ink)
        axes.axhline(float(ALPHA), color="#555555", linewidth=1, linestyle=":")
        axes.set(title=title, xlabel="target = truth (%)", ylim=(0, 0.4), xticks=(80, 85, 90, 95, 100))
    panels[0].text(80, float(ALPHA) + 0.006, "promised", va="bottom", color="#555555", fontsize=9)
    panels[0].set_ylabel("false PASS")
    panels[0].legend(loc="upper left")
    return figure


def means(measured: Measured) -> Picture:
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    sizes = (50, 100, 300, 1000)
    lines = {"t": "red", "percentile": "orange", "BCa": "pink", "Gaffke": "black", "betting": "green"}
    for axes, (name, title) in zip(panels, (("faith85", "mean .93"), ("faith96", "mean .98")), strict=True):
        for method, ink in lines.items():
            heights = [_value(measured, f"B/{name}/{n}", f"{method}.pass") for n in sizes]
            _line(axes, sizes, heights, method if method != "percentile" else "percentile bootstrap", ink, marker="o")
        axes.set(title=f"scores piled at 1, {title}", xlabel="scores", xscale="log", ylim=(-0.005, 0.32))
        axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
        axes.minorticks_off()
        _promise(axes, 50)
    panels[0].set_ylabel("false PASS")
    panels[1].legend(loc="upper right")
    return figure


def power(measured: Measured) -> Picture:
    figure, axes = plt.subplots(figsize=(7, 3.6))
    found = measured.figures["G-curve/0.95/0.98"]
    sizes = sorted(int(n) for n in found if int(n) <= 500)
    _line(axes, sizes, [found[str(n)].value for n in sizes], "", "blue")
    axes.axhline(0.8, color="#555555", linewidth=1, linestyle=":")
    for key, text, place in ((".8.n", "first at", (150, 0.9)), (".8.lasting", "always from", (330, 0.66))):
        n = int(_value(measured, "G-power/0.95/0.98", key))
        arrow = {"arrowstyle": "-", "color": "#555555"}
        axes.annotate(f"{text} {n}", (n, found[str(n)].value), place, arrowprops=arrow, ha="center")
    axes.set(xlabel="golden queries", ylabel="probability of PASS", ylim=(0, 1.02), title="target 95 %, truth 98 %")
    return figure


def savings(measured: Measured) -> Picture:
    figure, axes = plt.subplots(figsize=(7, 3.6))
    truths = [float(t) * 100 for t in CURVE]
    for method, (label, ink) in {
        "beta": ("beta mixture alone", "orange"),
        "hybrid": ("with the look at the horizon", "blue"),
    }.items():
        _line(axes, truths, [_value(measured, "F-curve/0.95", f"{method} {t}.mean") for t in CURVE], label, ink)
    axes.axhline(1000, color="#555555", linewidth=1, linestyle=":")
    axes.text(85.2, 1010, "the horizon: what a run without stopping uses", va="bottom", color="#555555", fontsize=9)
    axes.axvline(95, color="#555555", linewidth=1)
    axes.text(95.1, 30, "target", color="#555555", fontsize=9)
    axes.set(xlabel="truth (%)", ylabel="mean queries used", ylim=(0, 1120))
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.88))
    return figure


def topping_up(measured: Measured) -> Picture:
    figure, axes = plt.subplots(figsize=(7, 3.6))
    for (target, n), ink in zip(TOP_UP, ("blue", "black", "orange"), strict=True):
        heights = [_value(measured, f"T-top-up/{target}/{n}", f"after {many}.pass") for many in ROUNDS_OF_MORE]
        _line(axes, ROUNDS_OF_MORE, heights, f"target {float(target) * 100:g} %, n = {n}", ink, marker="o")
    _promise(axes, 7.4)
    axes.set(xlabel="rounds of further queries", ylabel="false PASS", ylim=(0, 0.25), xticks=ROUNDS_OF_MORE)
    axes.legend(loc="upper left")
    return figure


PICTURES = {
    "shares": shares,
    "means": means,
    "power": power,
    "sequential": savings,
    "topping-up": topping_up,
}


def _value(measured: Measured, key: str, name: str) -> float:
    return measured.figures[key][name].value


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], label: str, ink: str, marker: str = "") -> None:
    colour, dash = INK[ink]
    axes.plot(x, y, color=colour, linestyle=dash, label=label or None, marker=marker, markersize=4)


def _promise(axes: Axes, x: float) -> None:
    axes.axhline(float(ALPHA), color="#555555", linewidth=1, linestyle=":")
    axes.text(x, float(ALPHA) + 0.003, "promised", va="bottom", color="#555555", fontsize=9)
