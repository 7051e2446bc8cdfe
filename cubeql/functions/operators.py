"""Operators, as rows named by what is written between their operands."""

from __future__ import annotations

from cubeql.functions.rows import Function
from cubeql.values import units
from cubeql.values.types import BOOLEAN, NUMBER, TEXT, Type

_F = "operators"


def _sum(args: tuple[Type, ...]) -> Type:
    unit = args[0].unit if len(args) == 1 or units.same(args[0].unit, args[1].unit) else None
    whole = all(a.name == "integer" for a in args)
    return Type("integer" if whole else "number", unit=unit)


def _product(args: tuple[Type, ...]) -> Type:
    whole = all(a.name == "integer" for a in args)
    return Type("integer" if whole else "number", unit=_together(args[0], args[1], 1))


def _together(left: Type, right: Type, sign: int) -> str | None:
    """The unit of a product or quotient; a factor without a unit, such as a constant, changes none."""
    if left.categorical or right.categorical:
        return None
    if right.unit in (None, "1"):
        return left.unit if left.unit != "1" or right.unit is not None else None
    if left.unit in (None, "1") and sign == 1:
        return right.unit if right.unit != "1" else None
    return units.product(left.unit, right.unit, sign) if left.unit is not None else None


def _quotient(args: tuple[Type, ...]) -> Type:
    left, right = args
    if left.unit is not None and units.same(left.unit, right.unit):
        return Type("number", unit="1")
    return Type("number", unit=_together(left, right, -1))


def _whole_quotient(args: tuple[Type, ...]) -> Type:
    return Type("integer" if all(a.name == "integer" for a in args) else "number")


def _time_sum(args: tuple[Type, ...]) -> Type:
    return next(a for a in args if a.name == "timestamp")


ROWS = (
    Function("+", _F, ("number", "number"), _sum, "({0} + {1})", "Sum.", same_unit=True, refuses_classes=True),
    Function("-", _F, ("number", "number"), _sum, "({0} - {1})", "Difference.", same_unit=True, refuses_classes=True),
    Function("*", _F, ("number", "number"), _product, "({0} * {1})", "Product.", refuses_classes=True),
    Function("/", _F, ("number", "number"), _quotient, "({0} / nullif({1}, 0)::DOUBLE)",
             "Real division; NULL where the divisor is 0.", refuses_classes=True),
    Function("//", _F, ("number", "number"), _whole_quotient, "({0} // nullif({1}, 0))",
             "Integer division, towards zero; NULL where the divisor is 0."),
    Function("// number", _F, ("number", "number"), _whole_quotient, "trunc({0} / nullif({1}, 0)::DOUBLE)",
             "Integer division of numbers with fractions, towards zero.", same_unit=False),
    Function("%", _F, ("number", "number"), _whole_quotient, "({0} % nullif({1}, 0))",
             "Remainder with the sign of the dividend; NULL where the divisor is 0."),
    Function("^", _F, ("number", "number"), NUMBER,
             "CASE WHEN {0} < 0 AND {1} <> floor({1}) OR {0} = 0 AND {1} < 0 THEN NULL ELSE pow({0}, {1}) END",
             "Power; NULL where it is not a real number.", refuses_classes=True),
    Function("||", _F, ("any", "any"), TEXT, "(({0})::VARCHAR || ({1})::VARCHAR)", "Texts joined."),
    Function("=", _F, ("any", "any"), BOOLEAN, "({0} = {1})", "Equal.", same_unit=True),
    Function("<>", _F, ("any", "any"), BOOLEAN, "({0} <> {1})", "Not equal.", same_unit=True),
    Function("<", _F, ("any", "any"), BOOLEAN, "({0} < {1})", "Less.", same_unit=True),
    Function("<=", _F, ("any", "any"), BOOLEAN, "({0} <= {1})", "Less or equal.", same_unit=True),
    Function(">", _F, ("any", "any"), BOOLEAN, "({0} > {1})", "Greater.", same_unit=True),
    Function(">=", _F, ("any", "any"), BOOLEAN, "({0} >= {1})", "Greater or equal.", same_unit=True),
    Function("is distinct from", _F, ("any", "any"), BOOLEAN, "({0} IS DISTINCT FROM {1})",
             "Not equal, where NULL equals NULL."),
    Function("is not distinct from", _F, ("any", "any"), BOOLEAN, "({0} IS NOT DISTINCT FROM {1})",
             "Equal, where NULL equals NULL."),
    Function("and", _F, ("boolean", "boolean"), BOOLEAN, "({0} AND {1})", "Both."),
    Function("or", _F, ("boolean", "boolean"), BOOLEAN, "({0} OR {1})", "Either."),
    Function("not", _F, ("boolean",), BOOLEAN, "(NOT {0})", "Not."),
    Function("negate", _F, ("number",), _sum, "(- {0})", "The number with the other sign."),
    Function("is null", _F, ("any",), BOOLEAN, "({0} IS NULL)", "Whether there is no value."),
    Function("is not null", _F, ("any",), BOOLEAN, "({0} IS NOT NULL)", "Whether there is a value."),
    Function("like", _F, ("text", "text"), BOOLEAN, "({0} LIKE {1})", "Whether a text fits a pattern of % and _."),
    Function("ilike", _F, ("text", "text"), BOOLEAN, "({0} ILIKE {1})", "LIKE without regard to case."),
    Function("time plus", _F, ("any", "any"), _time_sum, "({0} + {1})", "A timestamp moved by an interval."),
    Function("time minus", _F, ("timestamp", "interval"), _time_sum, "({0} - {1})", "A timestamp moved back."),
    Function("time difference", _F, ("timestamp", "timestamp"), Type("interval"), "({0} - {1})",
             "The interval between two timestamps."),
)  # fmt: skip
