"""The figures of a run as Markdown: what, CubeQL, each peer, ratio, target, met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.peers.peerage import FLOOR, OURS, OURS_FROM_FILES, PEERS
from benchmarks.peers.questions import QUESTIONS, Question
from benchmarks.peers.sizes import COG

_MOST_OF_COG = 1.3

Figures = dict[str, Any]
"""What a run writes as JSON: lists of records under ``figures``, ``sizes``, ``builds`` and ``crossings``."""


def markdown(told: Figures) -> str:
    """All tables of a run."""
    parts = [_costs(told["figures"]), _per_value(told["figures"]), _sizes(told["sizes"]), _builds(told["builds"]),
             _crossings(told["crossings"])]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [" | ".join(row) for row in [head, ["---", *["---:"] * (len(head) - 1)], *rows]]
    return "\n".join(f"| {line} |" for line in lines)


def _by_question(figures: list[Figures]) -> Iterator[tuple[Question, dict[str, Figures]]]:
    for question in QUESTIONS:
        found = {f["peer"]: f for f in figures if f["question"] == question.name}
        if found:
            yield question, found


def _asked(figures: list[Figures]) -> list[str]:
    return [p.name for p in PEERS if any(f["peer"] == p.name for f in figures)]


def _costs(figures: list[Figures]) -> str:
    """CPU and wall of every question, beside the best peer."""
    peers = _asked(figures)
    rows = []
    for question, found in _by_question(figures):
        ours = found.get(OURS)
        others = {p: f["cpu"] for p, f in found.items() if p not in (OURS, OURS_FROM_FILES) and not f["wrong"]}
        best = min(others, key=lambda p: others[p], default=None)
        ratio = f"{ours['cpu'] / others[best]:.2f} x {best}" if ours and best else ""
        target, met = _met_time(question, ours)
        rows.append([question.name, *(_cost(found.get(p)) for p in peers), ratio, target, met])
    return _table(["CPU ms (wall ms)", *peers, "beside the best", "target", "met"], rows) if rows else ""


def _met_time(question: Question, ours: Figures | None) -> tuple[str, str]:
    if question.most_ms is None or ours is None:
        return "", ""
    return f"{question.most_ms:g} ms", _yes(ours["cpu"] * 1000 <= question.most_ms)


def _cost(figure: Figures | None) -> str:
    if figure is None:
        return ""
    return "wrong" if figure["wrong"] else f"{figure['cpu'] * 1000:,.1f} ({figure['wall'] * 1000:,.0f})"


def _per_value(figures: list[Figures]) -> str:
    """Nanoseconds of CPU per value, where all values take part."""
    peers = _asked(figures)
    rows = []
    for question, found in _by_question(figures):
        if question.values:
            cost = {p: f["cpu"] / f["values"] * 1e9 for p, f in found.items() if not f["wrong"]}
            ratio = cost[OURS] / cost[FLOOR] if OURS in cost and FLOOR in cost else None
            target = f"{question.most:g}" if question.most is not None else ""
            met = _yes(ratio <= question.most) if ratio is not None and question.most is not None else ""
            told = [f"{cost[p]:.2f}" if p in cost else "" for p in peers]
            rows.append([question.name, *told, f"{ratio:.2f}" if ratio is not None else "", target, met])
    return _table(["CPU ns a value", *peers, f"beside {FLOOR}", "target", "met"], rows) if rows else ""


def _sizes(sizes: list[Figures]) -> str:
    ways = list(dict.fromkeys(s["way"] for s in sizes))
    rows = []
    for layer in dict.fromkeys(s["layer"] for s in sizes):
        found = {s["way"]: s for s in sizes if s["layer"] == layer}
        each = {way: s["bytes"] / s["values"] for way, s in found.items()}
        ratio = each[OURS] / each[COG]
        name = f"{layer}, {found[OURS]['type']}"
        told = [f"{each[way]:.3f}" for way in ways]
        rows.append([name, *told, f"{ratio:.2f}", f"{_MOST_OF_COG:g}", _yes(ratio <= _MOST_OF_COG)])
    return _table(["bytes a value", *ways, "beside COG", "target", "met"], rows) if rows else ""


def _builds(builds: list[Figures]) -> str:
    rows = [
        [b["way"], f"{b['cpu']:.2f}", f"{b['wall']:.2f}", f"{b['values'] / b['cpu'] / 1e6:.1f}"] for b in builds
    ]  # fmt: skip
    return _table(["to build", "CPU s", "wall s", "million values a CPU second"], rows) if rows else ""


def _crossings(crossings: list[Figures]) -> str:
    rows = []
    for c in crossings:
        saved = c["in_place"] - c["stored"]
        after = f"{c['ingest'] / saved:,.1f}" if saved > 0 else "never"
        costs = [f"{c[kind] * 1000:,.0f}" for kind in ("in_place", "stored", "ingest")]
        rows.append([f"{c['says']}, {c['rasters']} dates", *costs, after])
    return _table(["CPU ms", "in place", "stored", "ingest", "pays after questions"], rows) if rows else ""


def _yes(met: bool) -> str:
    return "yes" if met else "no"
