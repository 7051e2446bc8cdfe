"""Aggregate and window functions."""

from __future__ import annotations

from cubeql.functions.rows import Function, Result, first, first_number, listed
from cubeql.values.types import INTEGER, NUMBER, Type, TypeName


def _row(
    name: str, params: tuple[TypeName, ...], result: Result, sql: str, summary: str, **options: object
) -> Function:
    return Function(name, "aggregates", params, result, sql, summary, kind="aggregate",
        **options)  # type: ignore[arg-type]


def _sum(args: tuple[Type, ...]) -> Type:
    """Result rule: an integer of integers, else a number, in the unit of the argument."""
    return Type(args[0].name if args[0].name == "integer" else "number", unit=args[0].unit)


_CODES = {"refuses_classes": True}
_YX = {"parameter_names": ("y", "x"), "refuses_classes": True, "may_be_undefined": True}

_SHARE = "({0} / nullif({1}, 0))"

AGGREGATES = (
    _row("count", ("any",), INTEGER, "count({distinct}{0})",
          "Number of values that are not NULL; count(*) counts rows.",
         optional=1),
    _row("sum", ("number",), _sum, "sum({distinct}{0})", "Sum.", **_CODES),
    _row("avg", ("number",), first_number, "avg({distinct}{0})", "Arithmetic mean.", **_CODES),
    _row("mean", ("number",), first_number, "avg({distinct}{0})", "Arithmetic mean.", **_CODES),
    _row("min", ("any",), first, "min({0})", "Smallest value."),
    _row("max", ("any",), first, "max({0})", "Largest value."),
    _row("stddev", ("number",), first_number, "stddev_samp({distinct}{0})", "Standard deviation of a sample.",
         **_CODES),
    _row("variance", ("number",), NUMBER, "var_samp({distinct}{0})", "Variance of a sample.", **_CODES),
    _row("median", ("number",), first_number, "median({distinct}{0})",
         "Middle value, the mean of two where there are two.", **_CODES),
    _row("stddev_pop", ("number",), first_number, "stddev_pop({distinct}{0})", "Standard deviation of all there is.",
         **_CODES),
    _row("var_pop", ("number",), NUMBER, "var_pop({distinct}{0})", "Variance of all there is.", **_CODES),
    _row("skewness", ("number",), NUMBER, "skewness({0})",
         "Skewness of a sample; NULL of fewer than three values and where they do not vary.", may_be_undefined=True,
         **_CODES),
    _row("kurtosis", ("number",), NUMBER, "kurtosis({0})",
         "Excess kurtosis of a sample; NULL of fewer than four values and where they do not vary.",
         may_be_undefined=True, **_CODES),
    _row("mad", ("number",), first_number, "mad({0})", "Median of the distances from the median.", **_CODES),
    _row("product", ("number",), NUMBER, "product({distinct}{0})", "Product of all values.", **_CODES),
    _row("count_if", ("boolean",), INTEGER, "count(CASE WHEN {0} THEN 1 END)",
         "Number of rows where the condition holds.",
         parameter_names=("condition",)),
    _row("quantile", ("number", "number"), first_number, "quantile_cont({distinct}{0}, {1})",
         "Value below which the share q lies, interpolated.", parameter_names=("x", "q"), **_CODES),
    _row("mode", ("any",), first, "mode({0} ORDER BY {0})", "Most frequent value, the smallest of those that tie."),
    _row("first", ("any", "any"), first, "arg_min({0}, {1})", "Value where the order is smallest.",
         parameter_names=("x", "order")),
    _row("last", ("any", "any"), first, "arg_max({0}, {1})", "Value where the order is largest.",
         parameter_names=("x", "order")),
    _row("arg_min", ("any", "any"), first, "arg_min({0}, {1})", "Value of x where y is smallest."),
    _row("arg_max", ("any", "any"), first, "arg_max({0}, {1})", "Value of x where y is largest."),
    _row("any_value", ("any",), first, "any_value({0})", "Some value that is not NULL."),
    _row("bool_and", ("boolean",), Type("boolean"), "bool_and({0})", "Whether all are true."),
    _row("bool_or", ("boolean",), Type("boolean"), "bool_or({0})", "Whether any is true."),
    _row("corr", ("number", "number"), NUMBER, "corr({0}, {1})", "Pearson's correlation.", **_YX),
    _row("covar", ("number", "number"), NUMBER, "covar_samp({0}, {1})", "Covariance of a sample.", **_YX),
    _row("covar_pop", ("number", "number"), NUMBER, "covar_pop({0}, {1})", "Covariance of all there is.", **_YX),
    _row("regr_count", ("number", "number"), INTEGER, "({0})::BIGINT",
         "Number of rows where both are not NULL.", parameter_names=("y", "x"), refuses_classes=True,
         parts=("regr_count({0}, {1})",)),
    _row("regr_slope", ("number", "number"), NUMBER, "regr_slope({0}, {1})", "Slope of the line y over x.", **_YX),
    _row("regr_intercept", ("number", "number"), NUMBER, "regr_intercept({0}, {1})", "Value of that line at x = 0.",
         **_YX),
    _row("regr_r2", ("number", "number"), NUMBER, "regr_r2({0}, {1})", "Share of variance that line explains.", **_YX),
    _row("histogram", ("number", "list"), Type("list", element=INTEGER), "",
         "How many values lie between one edge and the next; the last bin holds its upper edge.",
         parameter_names=("x", "edges"), **_CODES),
    _row("approx_count_distinct", ("any",), INTEGER, "approx_count_distinct({0})", "About how many different values."),
    _row("list", ("any",), listed, "list({distinct}{0}{order})", "All values as a list, NULLs among them."),
    _row("latest", ("any",), first, "arg_max({0}, {1})", "The valid value with the latest time."),
    _row("earliest", ("any",), first, "arg_min({0}, {1})", "The valid value with the earliest time."),
    _row("area", (), Type("number", unit="km2"), "sum({0})", "True area of the cells, in km²."),
    _row("area_mean", ("number",), first_number, _SHARE,
         "Mean in which each cell weighs as much as its true area; cells without a value do not count.",
         parts=("sum({0} * {1})", "sum(CASE WHEN {0} IS NOT NULL THEN {1} END)"), **_CODES),
    _row("fraction", ("boolean",), Type("number", unit="1"), _SHARE,
         "Share of the area of the cells where the condition holds, of those where it is known.",
         parameter_names=("condition",),
         parts=("sum(CASE WHEN {0} THEN {1} WHEN NOT {0} THEN 0 END)", "sum(CASE WHEN {0} IS NOT NULL THEN {1} END)")),
)  # fmt: skip


def _window(
    name: str, params: tuple[TypeName, ...], result: Result, sql: str, summary: str, optional: int = 0
) -> Function:
    return Function(name, "windows", params, result, sql, summary, kind="window", optional=optional)


WINDOWS = (
    _window("row_number", (), INTEGER, "row_number()", "Number of the row in its partition, from 1."),
    _window("rank", (), INTEGER, "rank()", "Rank with gaps after ties."),
    _window("dense_rank", (), INTEGER, "dense_rank()", "Rank without gaps."),
    _window("percent_rank", (), NUMBER, "percent_rank()", "Share of the other rows that stand before it, 0 to 1."),
    _window("cume_dist", (), NUMBER, "cume_dist()", "Share of rows that stand before it or beside it."),
    _window("ntile", ("integer",), INTEGER, "ntile(CASE WHEN {0} > 0 THEN {0} END)",
            "Number of its part, where rows are cut in so many."),
    _window("nth_value", ("any", "integer"), first, "nth_value({args})",
            "Value of the row of that number in the frame, from 1."),
    _window("lag", ("any", "integer"), first, "lag({args})", "Value of an earlier row, one back unless told.", 1),
    _window("lead", ("any", "integer"), first, "lead({args})", "Value of a later row, one ahead unless told.", 1),
    Function("disk", "windows", ("any", "integer"), first, "",
             "An aggregate over the rows at most k steps from each cell, of its time and dimensions.",
             parameter_names=("aggregate", "k")),
    _window("first_value", ("any",), first, "first_value({0})", "Value of the first row of the frame."),
    _window("last_value", ("any",), first, "last_value({0})", "Value of the last row of the frame."),
)

ROWS = (*AGGREGATES, *WINDOWS)
