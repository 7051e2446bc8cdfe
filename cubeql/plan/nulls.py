"""What NULL does to expressions: which columns keep a condition from being true."""

from __future__ import annotations

from cubeql.analyze.bound import Apply, Bound, Column, Convert, OneOf

_STRICT = frozenset(
    ("+", "-", "*", "/", "//", "// number", "%", "=", "<>", "<", "<=", ">", ">=", "not", "negate", "like", "ilike",
     "convert")
)  # fmt: skip

Columns = frozenset[tuple[int, str]]
_NONE: Columns = frozenset()


def needed_by(condition: Bound) -> Columns:
    """Columns (source, name) of which each keeps the condition from being true where it is NULL."""
    match condition:
        case Apply() if condition.function.name == "and":
            return _NONE.union(*(needed_by(a) for a in condition.args))
        case Apply() if condition.function.name == "or":
            left, right = (needed_by(a) for a in condition.args)
            return left & right
        case Apply(args=(operand,)) if condition.function.name == "is not null":
            return makes_null(operand)
    return makes_null(condition)


def makes_null(expr: Bound) -> Columns:
    """Columns (source, name) of which each makes the expression NULL where it is NULL itself.

    This says more than :func:`needed_by`: ``NULL AND FALSE`` is FALSE, so that its negation holds.
    """
    match expr:
        case Column():
            return frozenset({(expr.source, expr.name)})
        case Convert():
            return makes_null(expr.operand)
        case OneOf():
            return makes_null(expr.operand) if expr.items else _NONE
        case Apply() if expr.function.name in _STRICT:
            return _NONE.union(*(makes_null(a) for a in expr.args))
        case Apply() if expr.function.name in ("and", "or"):
            left, right = (makes_null(a) for a in expr.args)
            return left & right
    return _NONE
