"""The index of functions, and a page for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cubeql.functions import FUNCTIONS, Function
from cubeql.functions.registry import aliases
from cubeql.lang import format_text
from cubeql.values.types import Type
from reference.markdown import block, page, table
from tests.support import cases

CASES = cases.FOLDER / "function"
_ABOUT = (
    "A parameter in brackets may be left out; `…` may be repeated. Functions of NULL are NULL unless their page says\n"
    "otherwise; aggregates pass NULL over. The SQL-like forms (`CASE`, `CAST`, `IN`, `BETWEEN`, `LIKE`) are in\n"
    "[the language](../language.md). Each function has a page with its types and an example."
)
_OF_NULL = {
    "count_if": "Counts where the condition is true; 0 where there is nothing.",
    "regr_count": "Counts where neither is NULL; 0 where there is nothing.",
    "percent_rank": "Takes no argument.",
    "cume_dist": "Takes no argument.",
    "grid_distance": "NULL where an argument is NULL, or where H3 cannot count the steps.",
    "string_to_cell": "NULL where the text is NULL or spells no cell.",
    "coalesce": "NULL only where all arguments are NULL.",
    "greatest": "NULL only where all arguments are NULL.",
    "least": "NULL only where all arguments are NULL.",
    "nullif": "NULL where both are equal or the first is NULL.",
    "count": "Counts what is not NULL; 0 where there is nothing.",
    "approx_count_distinct": "Counts what is not NULL; 0 where there is nothing.",
    "histogram": "NULL and what lies outside the edges is not counted; zeros where there is nothing.",
    "list": "NULLs are in the list; NULL where there is no row.",
    "area": "NULL where there is no row.",
    "pi": "Takes no argument.",
    "cell": "NULL where the query's cell is NULL.",
    "row_number": "Takes no argument.",
    "rank": "NULLs in the window's order tie, and come last unless told.",
    "dense_rank": "NULLs in the window's order tie, and come last unless told.",
    "lag": "NULL where there is no such row, and where its value is NULL.",
    "lead": "NULL where there is no such row, and where its value is NULL.",
    "first_value": "NULL where the frame is empty, and where that row's value is NULL.",
    "disk": "As the aggregate inside it: NULL is passed over.",
    "pack": "NULL in the places of cells without a value.",
    "baseline": "NULL where the period has no value that counts.",
    "anomaly": "NULL where x or its baseline is NULL.",
    "standardized_anomaly": "NULL where x or its baseline is NULL, and where the baseline's values do not vary.",
    "last_value": "NULL where the frame is empty, and where that row's value is NULL.",
}


_BY = ", [BY hour|day|doy|dekad|week|month|season|year])"
_CALLS = {
    "disk": "disk(aggregate, k) [OVER (PARTITION BY …)]",
    **{n: f"{n}(x number, period text{_BY}" for n in ("baseline", "anomaly", "standardized_anomaly")},
    "list": "list([DISTINCT] x any [ORDER BY …])",
    "count": "count(*)\ncount([DISTINCT] x any)",
}
"""How a call is written where its signature does not say it all."""


def case_of(name: str) -> Path:
    """The golden case that shows a function."""
    return CASES / f"{name}.case"


def pages() -> dict[str, str]:
    """Text by path below the reference."""
    made = {f"functions/{name}.md": _function(f) for name, f in FUNCTIONS.items()}
    return {"functions/README.md": _index(), **made}


def lacking() -> list[str]:
    """Functions that no golden case shows."""
    return [name for name in FUNCTIONS if not case_of(name).exists()]


def _index() -> str:
    families: dict[str, list[Function]] = {}
    for function in FUNCTIONS.values():
        families.setdefault(function.family, []).append(function)
    parts = [_ABOUT]
    for family, rows in families.items():
        parts.append(f"## {family.capitalize()}")
        lines = ((f"[`{r.name}`]({r.name}.md)", f"`{r.signature}`", r.summary) for r in rows)
        parts.append(table(("function", "call", "what it gives"), lines))
    return page("Functions", *parts)


def _function(function: Function) -> str:
    other = [a for a, name in aliases().items() if name == function.name]
    parts = [
        function.summary,
        block(_CALLS.get(function.name, function.signature + (" OVER (…)" if function.kind == "window" else ""))),
        _parameters(function),
        f"**Result.** {_result(function)}",
        f"**NULL.** {_nulls(function)}",
        f"**Refused.** {_refusals(function)}",
        f"Also written {', '.join(f'`{a}`' for a in sorted(other))}." if other else "",
        _example(function.name),
        "[All functions](README.md)",
    ]
    return page(f"`{function.name}`", *parts)


def _example(name: str) -> str:
    if not case_of(name).exists():
        return ""
    shown = cases.read(case_of(name))
    said = f"## Example\n\nOn the layers of the tests (`tests/cases/function/{name}.case`):"
    return "\n\n".join([said, block(format_text(shown.query)), block(shown.sections["rows"])])


def _parameters(function: Function) -> str:
    if not function.params or function.name == "disk":
        return ""
    labels = function.parameter_names or tuple("xyzuvw"[: len(function.params)])
    needed = len(function.params) - function.optional
    rows = []
    for n, (label, kind) in enumerate(zip(labels, function.params, strict=False)):
        often = "may be left out" if n >= needed else ""
        if function.variadic and n == len(function.params) - 1:
            often = "may be repeated"
        rows.append((f"`{label}`", "any type" if kind == "any" else kind, often))
    return table(("parameter", "type", ""), rows)


def _result(function: Function) -> str:
    if isinstance(function.result, Type):
        unit = f" in {function.result.unit}" if function.result.unit else ""
        bare = " without a unit" if function.result.name == "number" and not unit else ""
        return f"{_article(str(function.result))}{unit}{bare}."
    rule = rule_of(function.result)
    return f"{rule[0].upper()}{rule[1:]}"


def _article(kind: str) -> str:
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}"


def rule_of(result: Callable[..., Type]) -> str:
    """What a result rule says of itself: the first line of its docstring."""
    said = (result.__doc__ or "").strip().splitlines()[:1]
    if not said or not said[0].startswith("Result rule: "):
        raise SystemExit(f"the result rule {result.__name__} has no line 'Result rule: …'")
    return said[0].removeprefix("Result rule: ")


def _nulls(function: Function) -> str:
    if function.name in _OF_NULL:
        return _OF_NULL[function.name]
    if function.kind == "aggregate":
        passed = "Rows where an argument is NULL are passed over; NULL where none is left"
        return f"{passed}, and where the value is not defined." if function.may_be_undefined else f"{passed}."
    return "NULL where an argument is NULL."


def _refusals(function: Function) -> str:
    """The faults that a call can have, by the function's row."""
    found = ["`wrong_argument_count`"] if not function.variadic else []
    if any(kind != "any" for kind in function.params):
        found.append("`wrong_argument_type`")
    if function.refuses_classes:
        found.append("`class_arithmetic` for class codes")
    if function.same_unit:
        found.append("`unit_mismatch` where units differ")
    if function.kind == "aggregate":
        found.append("`aggregate_not_allowed` in FILTER and GROUP BY, `nested_aggregate` inside another")
    if function.kind == "window" and function.name not in _CALLS:
        found.append("`window_needs_over` without OVER")
    return ", ".join(found) + " (see [faults](../errors.md))." if found else "Nothing."
