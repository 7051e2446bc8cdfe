"""Figures as a page and a plot: ``python -m benchmarks.report FILE.json … --out DIR``.

Takes what ``python -m benchmarks --json`` and ``python -m benchmarks.peers --json`` wrote, and makes of each a page of
tables (``FILE.md``) and a plot (``FILE.svg``). Plots need matplotlib, which the extra ``peers`` brings.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.measure import FROM_FILES, Measured, markdown
from benchmarks.peers import telling
from benchmarks.peers.peerage import OURS

_OURS_COLOUR = "#d1495b"
_COLOURS = ("#2e4057", "#66a182", "#8d96a3", "#edae49", "#00798c", "#9b7ede", "#7a5c3e")


def main() -> None:
    """A page and a plot of each file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="written by --json")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pages and plots")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for file in args.files:
        for made in written(json.loads(file.read_text()), args.out / file.stem):
            print(made)
    if find_spec("matplotlib") is None:
        print("no plots: pip install matplotlib", file=sys.stderr)


def written(told: dict[str, Any], path: Path) -> list[Path]:
    """Write the page and, where matplotlib is there, the plot of a run; gives what was written.

    Args:
        told: what a run wrote as JSON.
        path: of both, without an ending.
    """
    page = path.with_suffix(".md")
    page.write_text(f"{', '.join(f'{k} {v}' for k, v in told['machine'].items())}\n\n{_tables(told)}\n", "utf-8")
    if find_spec("matplotlib") is None or not (told.get("figures") or _rows(told)):
        return [page]
    plot = path.with_suffix(".svg")
    _draw(told, plot)
    return [page, plot]


def _tables(told: dict[str, Any]) -> str:
    if told.get("kind") == "peers":
        return telling.markdown(told)
    return markdown(Measured(**row) for row in _rows(told))


def _rows(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [*told.get("rows", ()), *told.get(FROM_FILES, ())]


Dot = tuple[str, str, float]
"""What was asked, who was asked, milliseconds of CPU."""


def dots(told: dict[str, Any]) -> list[Dot]:
    """The costs of a run, those that went wrong left out."""
    if told.get("kind") == "peers":
        return [(f["question"], f["peer"], f["cpu"] * 1000) for f in told["figures"] if not f["wrong"]]
    return [(row["name"], OURS, row["cpu"] * 1000) for row in _rows(told)]


def _draw(told: dict[str, Any], path: Path) -> None:
    """A line a question, a dot a peer, on a logarithmic scale: the further left, the cheaper."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    found = dots(told)
    asked, peers = list(dict.fromkeys(d[0] for d in found)), list(dict.fromkeys(d[1] for d in found))
    figure = Figure(figsize=(9, 1.2 + 0.42 * len(asked)), layout="constrained")
    axes = figure.subplots()
    others = iter(_COLOURS)
    for peer in peers:
        ours = peer == OURS
        axes.scatter(
            [d[2] for d in found if d[1] == peer], [asked.index(d[0]) for d in found if d[1] == peer], label=peer,
            color=_OURS_COLOUR if ours else next(others), s=70 if ours else 36, marker="D" if ours else "o",
            zorder=3 if ours else 2,
        )  # fmt: skip
    axes.set(xscale="log", xlabel="milliseconds of CPU, all threads", yticks=range(len(asked)), yticklabels=asked)
    axes.invert_yaxis()
    axes.grid(axis="both", color="#dddddd", linewidth=0.6, zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if len(peers) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks"}):  # letters as such, and the same each time
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
