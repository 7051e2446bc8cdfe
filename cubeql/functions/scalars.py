"""Scalar functions: mathematics, choice, text, time and spectral indices."""

from __future__ import annotations

from cubeql.functions.rows import Function, first, first_number
from cubeql.values.types import INTEGER, NUMBER, TEXT, TIMESTAMP, Type, TypeName, common

_NX = ("x",)


def _math(name: str, sql: str, summary: str, result: Type = NUMBER) -> Function:
    return Function(name, "mathematics", ("number",), result, sql, summary, refuses_classes=True)


def _shared(args: tuple[Type, ...]) -> Type:
    """Result rule: the type that all arguments share, in their unit."""
    return common(args) or args[0]


def _rounded(args: tuple[Type, ...]) -> Type:
    whole = len(args) == 1 or args[0].name == "integer"
    return Type("integer" if whole else "number", unit=args[0].unit)


def _remaining(args: tuple[Type, ...]) -> Type:
    """Result rule: a remainder in the unit of the dividend, whole where both are."""
    return Type("integer" if all(a.name == "integer" for a in args) else "number", unit=args[0].unit)


MATHEMATICS = (
    Function("abs", "mathematics", ("number",), first, "abs({0})", "Absolute value."),
    Function("sign", "mathematics", ("number",), INTEGER, "sign({0})::BIGINT", "-1, 0 or 1."),
    Function("floor", "mathematics", ("number",), first_number, "floor({0})", "Largest whole number not above x."),
    Function("ceil", "mathematics", ("number",), first_number, "ceil({0})", "Smallest whole number not below x."),
    Function("round", "mathematics", ("number", "integer"), first_number, "round({0}, ({1})::INTEGER)",
             "Rounded to so many digits after the point, half away from zero.", optional=1,
             parameter_names=("x", "digits"), short_sql="round({0})"),
    Function("trunc", "mathematics", ("number",), first_number, "trunc({0})", "Without the part after the point."),
    _math("sqrt", "CASE WHEN {0} >= 0 THEN sqrt({0}) END", "Square root; NULL below 0."),
    _math("cbrt", "cbrt({0})", "Cube root."),
    _math("exp", "exp({0})", "e to the power of x."),
    _math("ln", "CASE WHEN {0} > 0 THEN ln({0}) END", "Natural logarithm; NULL at or below 0."),
    _math("log10", "CASE WHEN {0} > 0 THEN log10({0}) END", "Logarithm to base 10; NULL at or below 0."),
    _math("log2", "CASE WHEN {0} > 0 THEN log2({0}) END", "Logarithm to base 2; NULL at or below 0."),
    _math("sin", "sin({0})", "Sine of an angle in radians."),
    _math("cos", "cos({0})", "Cosine of an angle in radians."),
    _math("tan", "tan({0})", "Tangent of an angle in radians."),
    _math("asin", "CASE WHEN {0} BETWEEN -1 AND 1 THEN asin({0}) END", "Arc sine; NULL outside -1 to 1."),
    _math("acos", "CASE WHEN {0} BETWEEN -1 AND 1 THEN acos({0}) END", "Arc cosine; NULL outside -1 to 1."),
    _math("atan", "atan({0})", "Arc tangent."),
    _math("cot", "(1 / nullif(tan({0}), 0)::DOUBLE)", "Cotangent of an angle in radians; NULL at 0."),
    _math("sinh", "sinh({0})", "Hyperbolic sine."),
    _math("cosh", "cosh({0})", "Hyperbolic cosine."),
    _math("tanh", "tanh({0})", "Hyperbolic tangent."),
    _math("asinh", "asinh({0})", "Inverse hyperbolic sine."),
    _math("acosh", "CASE WHEN {0} >= 1 THEN acosh({0}) END", "Inverse hyperbolic cosine; NULL below 1."),
    _math("atanh", "CASE WHEN abs({0}) < 1 THEN atanh({0}) END",
          "Inverse hyperbolic tangent; NULL at and beyond -1 and 1."),
    Function("atan2", "mathematics", ("number", "number"), NUMBER, "atan2({0}, {1})", "Angle of the point (x, y).",
             parameter_names=("y", "x")),
    _math("radians", "radians({0})", "Degrees to radians."),
    _math("degrees", "degrees({0})", "Radians to degrees."),
    Function("pi", "mathematics", (), NUMBER, "pi()", "Circumference of a circle over its diameter, 3.14159."),
    Function("power", "mathematics", ("number", "number"), NUMBER,
             "CASE WHEN {0} < 0 AND {1} <> floor({1}) OR {0} = 0 AND {1} < 0 THEN NULL ELSE pow({0}, {1}) END",
             "Power; NULL where it is not a real number.", parameter_names=("base", "exponent")),
    Function("mod", "mathematics", ("number", "number"), _remaining, "({0} % nullif({1}, 0))",
             "Remainder with the sign of the dividend; NULL where the divisor is 0.",
             parameter_names=("x", "divisor"), refuses_classes=True),
    Function("gcd", "mathematics", ("integer", "integer"), INTEGER, "gcd({0}, {1})::BIGINT",
             "Greatest common divisor.", refuses_classes=True),
    Function("lcm", "mathematics", ("integer", "integer"), INTEGER, "lcm({0}, {1})::BIGINT",
             "Least common multiple.", refuses_classes=True),
    Function("clamp", "mathematics", ("number", "number", "number"), _shared,
             "CASE WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL "
             "WHEN {0} < {1} THEN {1} WHEN {0} > {2} THEN {2} ELSE {0} END",
             "The value, low where it is below and high where it is above.", same_unit=True, refuses_classes=True,
             parameter_names=("x", "low", "high")),
    Function("bit_test", "mathematics", ("integer", "integer"), Type("boolean"), "((({0}) >> ({1})) & 1 = 1)",
             "Whether the bit of a number is set, bit 0 being the lowest: quality flags.",
             parameter_names=("flags", "bit")),
    Function("bit_extract", "mathematics", ("integer", "integer", "integer"), INTEGER,
             "((({0}) >> ({1})) & ((1::BIGINT << ({2})) - 1))",
             "The number that so many bits spell, from a bit up, bit 0 being the lowest.",
             parameter_names=("flags", "first", "count")),
    Function("bin", "mathematics", ("number", "number"), first_number,
             "(floor({0} / nullif({1}, 0)::DOUBLE) * {1})", "Lower edge of the bin of a width that holds x.",
             parameter_names=("x", "width")),
    Function("convert", "mathematics", ("number", "text"), first_number, "({0} * {1} + {2})",
             "The value in another unit, such as 'degC' or 'kg m-2'; x must have a unit.",
             parameter_names=("x", "unit"), refuses_classes=True),
)  # fmt: skip

CHOICE = (
    Function("coalesce", "choice", ("any",), _shared, "coalesce({args})", "The first value that is not NULL.",
             variadic=True),
    Function("nullif", "choice", ("any", "any"), first, "nullif({0}, {1})", "NULL where both are equal, else x."),
    Function("greatest", "choice", ("any",), _shared, "greatest({args})",
          "The largest of the values, NULLs passed over.",
             variadic=True, same_unit=True),
    Function("least", "choice", ("any",), _shared, "least({args})", "The smallest of the values, NULLs passed over.",
             variadic=True, same_unit=True),
)  # fmt: skip

def _padded(function: str) -> str:
    """There is nothing to fill up with in an empty text: NULL where some would be needed."""
    return f"CASE WHEN {{2}} <> '' OR length({{0}}) >= {{1}} THEN {function}({{0}}, ({{1}})::INTEGER, {{2}}) END"


TEXTS = (
    Function("upper", "text", ("text",), TEXT, "upper({0})", "In capitals."),
    Function("lower", "text", ("text",), TEXT, "lower({0})", "In small letters."),
    Function("length", "text", ("text",), INTEGER, "length({0})", "Number of characters."),
    Function("trim", "text", ("text",), TEXT, "trim({0})", "Without blanks at both ends."),
    Function("replace", "text", ("text", "text", "text"), TEXT, "replace({0}, {1}, {2})", "Each y in x becomes z."),
    Function("substring", "text", ("text", "integer", "integer"), TEXT, "substring({args})",
             "Part of a text from a position counted from 1.", optional=1, parameter_names=("x", "start", "length")),
    Function("ltrim", "text", ("text",), TEXT, "ltrim({0})", "Without blanks at the beginning."),
    Function("rtrim", "text", ("text",), TEXT, "rtrim({0})", "Without blanks at the end."),
    Function("left", "text", ("text", "integer"), TEXT, "left({0}, {1})", "The first so many characters.",
             parameter_names=("x", "count")),
    Function("right", "text", ("text", "integer"), TEXT, "right({0}, {1})", "The last so many characters.",
             parameter_names=("x", "count")),
    Function("lpad", "text", ("text", "integer", "text"), TEXT, _padded("lpad"),
             "Filled up at the beginning, or cut, to so many characters.", parameter_names=("x", "length", "fill")),
    Function("rpad", "text", ("text", "integer", "text"), TEXT, _padded("rpad"),
             "Filled up at the end, or cut, to so many characters.", parameter_names=("x", "length", "fill")),
    Function("reverse", "text", ("text",), TEXT, "reverse({0})", "From the last character to the first."),
    Function("strpos", "text", ("text", "text"), INTEGER, "strpos({0}, {1})",
             "Position of y in x, counted from 1; 0 where it is not there."),
    Function("split_part", "text", ("text", "text", "integer"), TEXT, "split_part({0}, {1}, {2})",
             "One of the parts between separators, counted from 1; empty where there are fewer.",
             parameter_names=("x", "separator", "number")),
    Function("ends_with", "text", ("text", "text"), Type("boolean"), "ends_with({0}, {1})", "Whether x ends with y."),
    Function("contains", "text", ("text", "text"), Type("boolean"), "contains({0}, {1})", "Whether x holds y."),
    Function("starts_with", "text", ("text", "text"), Type("boolean"), "starts_with({0}, {1})",
          "Whether x begins with y."),
)  # fmt: skip


_TRUNCATED = "date_trunc({0}, {1})::TIMESTAMP"
TRUNCATIONS = dict.fromkeys(("year", "quarter", "month", "week", "day", "hour", "minute", "second"), _TRUNCATED) | {
    # December begins a winter of the next year; the last dekad of a month runs to its end.
    "season": "(date_trunc('month', {1}) - to_months((month({1}) % 3)::INTEGER))::TIMESTAMP",
    "dekad": "(date_trunc('month', {1}) + to_days((least((day({1}) - 1) // 10, 2) * 10)::INTEGER))::TIMESTAMP",
}
"""The units that times are cut to, each with its SQL."""
_COUNTED = "date_diff({0}, {1}, {2})"
DIFFERENCES = dict.fromkeys(("year", "quarter", "month", "week", "day", "hour", "minute", "second"), _COUNTED) | {
    # The engine counts weeks of instants from another day than Monday.
    "week": "(date_diff('day', date_trunc('week', {1}), date_trunc('week', {2})) // 7)",
}
"""The units that are counted between times, each with its SQL."""


def _part(name: str, sql: str, summary: str) -> Function:
    return Function(name, "time", ("timestamp",), INTEGER, sql, summary, parameter_names=("t",))


TIMES = (
    _part("year", "year({0})", "Year."),
    _part("quarter", "quarter({0})", "Quarter of the year, 1 to 4."),
    _part("month", "month({0})", "Month, 1 to 12."),
    _part("day", "day({0})", "Day of the month, 1 to 31."),
    _part("hour", "hour({0})", "Hour, 0 to 23."),
    _part("minute", "minute({0})", "Minute, 0 to 59."),
    _part("second", "second({0})", "Second, 0 to 59."),
    _part("doy", "dayofyear({0})", "Day of the year, 1 to 366."),
    _part("week", "week({0})", "ISO week of the year, 1 to 53."),
    _part("isoyear", "isoyear({0})", "Year that the ISO week belongs to."),
    _part("days_in_month", "day(last_day({0}))", "Number of days of the month, 28 to 31."),
    _part("dekad", "((month({0}) - 1) * 3 + least((day({0}) - 1) // 10, 2) + 1)",
          "Ten-day period of the year, 1 to 36; the last of a month runs to its end."),
    _part("epoch", "floor(epoch({0}))::BIGINT", "Whole seconds since 1970-01-01."),
    _part("iso_weekday", "isodow({0})", "Day of the week, 1 for Monday to 7 for Sunday."),
    Function("to_timestamp", "time", ("number",), TIMESTAMP, "make_timestamp(CAST(round({0} * 1000000) AS BIGINT))",
             "The instant so many seconds after 1970-01-01.", parameter_names=("seconds",)),
    Function("season", "time", ("timestamp",), TEXT,
             "(CASE (month({0}) % 12) // 3 WHEN 0 THEN 'DJF' WHEN 1 THEN 'MAM' WHEN 2 THEN 'JJA' "
             "WHEN 3 THEN 'SON' END)",
             "Meteorological season: DJF, MAM, JJA or SON.", parameter_names=("t",)),
    Function("date_trunc", "time", ("text", "timestamp"), TIMESTAMP, _TRUNCATED,
             "Start of the year, season, quarter, month, dekad, week, day, hour, minute or second that holds t.",
             parameter_names=("unit", "t")),
    Function("date_diff", "time", ("text", "timestamp", "timestamp"), INTEGER, _COUNTED,
             "How many times a new year, quarter, month, week, day, hour, minute or second begins from t to u.",
             parameter_names=("unit", "t", "u")),
    Function("time_bucket", "time", ("interval", "timestamp"), TIMESTAMP, "time_bucket({0}, {1})",
             "Start of the bucket of a width that holds t.", parameter_names=("width", "t")),
)  # fmt: skip


def _index(name: str, bands: tuple[str, ...], sql: str, summary: str) -> Function:
    params: tuple[TypeName, ...] = tuple("number" for _ in bands)
    return Function(name, "spectral", params, Type("number", unit="1"), sql, summary, refuses_classes=True,
                    parameter_names=bands)  # fmt: skip


_NORMALISED = "(({0} - {1}) / nullif({0} + {1}, 0)::DOUBLE)"

SPECTRAL = (
    _index("ndvi", ("nir", "red"), _NORMALISED, "Normalised difference vegetation index."),
    _index("ndwi", ("green", "nir"), _NORMALISED, "Normalised difference water index (McFeeters)."),
    _index("nbr", ("nir", "swir2"), _NORMALISED, "Normalised burn ratio."),
    _index("ndmi", ("nir", "swir1"), _NORMALISED, "Normalised difference moisture index."),
    _index("ndbi", ("swir1", "nir"), _NORMALISED, "Normalised difference built-up index."),
    _index("savi", ("nir", "red"), "(1.5 * ({0} - {1}) / nullif({0} + {1} + 0.5, 0)::DOUBLE)",
           "Soil-adjusted vegetation index, L = 0.5."),
    _index("evi", ("nir", "red", "blue"),
           "(2.5 * ({0} - {1}) / nullif({0} + 6 * {1} - 7.5 * {2} + 1, 0)::DOUBLE)", "Enhanced vegetation index."),
)  # fmt: skip

ROWS = (*MATHEMATICS, *CHOICE, *TEXTS, *TIMES, *SPECTRAL)
