"""Expressions, with the parentheses they need and no others."""

from __future__ import annotations

from cubeql.lang import nodes as n
from cubeql.lang.layout import LINE, SOFT, Doc, Group, Nest, flat, join
from cubeql.lang.printing.context import Context
from cubeql.lang.printing.names import identifier, path, text

# Binding, loosest first; the grammar has the same ladder.
OR, AND, NOT, PREDICATE, CONCAT, SUM, PRODUCT, SIGN, POWER, CAST, PRIMARY = range(11)
BINARY = {
    "or": OR,
    "and": AND,
    "||": CONCAT,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "//": PRODUCT,
    "%": PRODUCT,
    "^": POWER,
}


def expression(c: Context, node: n.Expr, level: int = OR) -> Doc:
    """An expression where anything that binds at least as tightly as ``level`` may stand."""
    doc = _bare(c, node)
    return ("(", doc, ")") if binding(node) < level else doc


def binding(node: n.Expr) -> int:
    """How tightly the node's own operator binds."""
    match node:
        case n.Binary():
            return BINARY.get(node.operator, PREDICATE)
        case n.Unary():
            return NOT if node.operator == "not" else SIGN
        case n.Between() | n.InList() | n.InQuery() | n.Like() | n.IsNull() | n.Within() | n.TimeTest():
            return PREDICATE
        case _:
            return PRIMARY


def _bare(c: Context, node: n.Expr) -> Doc:
    match node:
        case n.Binary():
            return _binary(c, node)
        case n.Unary():
            return _unary(c, node)
        case n.Call():
            return call(c, node)
        case n.Case():
            return _case(c, node)
        case n.Cast():
            return ("CAST(", expression(c, node.operand), f" AS {node.type_name})")
        case n.ListOf():
            return Group(("[", between_commas([expression(c, item) for item in node.items]), "]"))
        case _:
            return _predicate(c, node) if binding(node) == PREDICATE else _leaf(node)


def _leaf(node: n.Expr) -> str:
    match node:
        case n.Name():
            return path(node.parts)
        case n.Star():
            return path(node.qualifier) + ".*" if node.qualifier else "*"
        case n.Number():
            return repr(node.value)
        case n.String():
            return text(node.value)
        case n.Boolean():
            return "TRUE" if node.value else "FALSE"
        case n.Null():
            return "NULL"
        case n.TypedString():
            return f"{node.kind.upper()} {text(node.value)}"
        case n.Parameter():
            return "?" if node.positional else f"${node.name}"
        case _:
            raise TypeError(f"no expression: {type(node).__name__}")


def between_commas(docs: list[Doc]) -> Doc:
    """A list inside brackets, broken one item a line where it does not fit."""
    return (Nest((SOFT, join((",", LINE), docs))), SOFT) if docs else ""


def chain(node: n.Expr, operator: str) -> list[n.Expr]:
    """The operands of a run of one operator, first to last."""
    operands: list[n.Expr] = []
    while isinstance(node, n.Binary) and node.operator == operator:
        operands.append(node.right)
        node = node.left
    return [node, *reversed(operands)]


def _binary(c: Context, node: n.Binary) -> Doc:
    level = BINARY.get(node.operator, PREDICATE)
    if level in (OR, AND):
        return Group(_chain(c, node, level))
    operator = node.operator.upper()
    if level == PREDICATE:
        left, right = expression(c, node.left, CONCAT), expression(c, node.right, CONCAT)
    elif level == POWER:
        left, right = expression(c, node.left, CAST), expression(c, node.right, SIGN)
    else:
        return _left_run(c, node, level)
    return (left, f" {operator} ", right)


def _chain(c: Context, node: n.Binary, level: int) -> Doc:
    """``a AND b AND c``, each operand with its comments."""
    word = node.operator.upper()
    first, *rest = chain(node, node.operator)
    head = expression(c, first, level)
    if isinstance(first, n.Binary) and BINARY.get(first.operator) == AND:
        head = Nest(head)  # the ANDs of an OR's first operand stand further right than the OR
    docs: list[Doc] = []
    for operand in rest:
        docs += [LINE, c.lead(operand), f"{word} ", expression(c, operand, level + 1), c.tail(operand)]
    return (head, c.tail(first), Nest(tuple(docs)))


def _left_run(c: Context, node: n.Binary, level: int) -> Doc:
    """A run of operators that bind alike, without recursion to the left: such runs may be long."""
    parts: list[Doc] = []
    left: n.Expr = node
    while isinstance(left, n.Binary) and BINARY.get(left.operator) == level:
        parts += [expression(c, left.right, level + 1), f" {left.operator} "]
        left = left.left
    return (expression(c, left, level), *reversed(parts))


def _unary(c: Context, node: n.Unary) -> Doc:
    if node.operator == "not":
        return ("NOT ", expression(c, node.operand, NOT))
    # a sign right before a sign would read as the begin of a comment
    level = POWER if isinstance(node.operand, n.Unary) else SIGN
    return (node.operator, expression(c, node.operand, level))


def _predicate(c: Context, node: n.Expr) -> Doc:
    match node:
        case n.Between():
            bounds = (expression(c, node.low, CONCAT), " AND ", expression(c, node.high, CONCAT))
            return (_operand(c, node), "BETWEEN ", *bounds)
        case n.InList():
            items = between_commas([expression(c, item) for item in node.items])
            return (_operand(c, node), Group(("IN (", items, ")")))
        case n.InQuery():
            return (_operand(c, node), Group(("IN (", Nest((SOFT, c.query(c, node.query))), SOFT, ")")))
        case n.Like():
            word = "ILIKE " if node.ignore_case else "LIKE "
            return (_operand(c, node), word, expression(c, node.pattern, CONCAT))
        case n.IsNull():
            return (expression(c, node.operand, CONCAT), " IS NOT NULL" if node.negated else " IS NULL")
        case n.Within():
            return (_operand(c, node), "WITHIN ", region(c, node.region))
        case n.TimeTest():
            return (_operand(c, node), f"{node.how.upper()} ", expression(c, node.value, CONCAT))
        case _:
            raise TypeError(f"no predicate: {type(node).__name__}")


def _operand(c: Context, node: n.Between | n.InList | n.InQuery | n.Like | n.Within | n.TimeTest) -> Doc:
    return (expression(c, node.operand, CONCAT), " NOT " if node.negated else " ")


def _case(c: Context, node: n.Case) -> Doc:
    head: Doc = ("CASE ", expression(c, node.subject)) if node.subject is not None else "CASE"
    parts: list[Doc] = []
    for condition, value in node.whens:
        parts += [LINE, "WHEN ", expression(c, condition), " THEN ", expression(c, value)]
    if node.otherwise is not None:
        parts += [LINE, "ELSE ", expression(c, node.otherwise)]
    return Group((head, Nest(tuple(parts)), LINE, "END"))


def region(c: Context, node: n.Region) -> Doc:
    """What follows WITHIN."""
    docs = [expression(c, arg) for arg in node.args]
    if node.kind == "parameter":
        return docs[0]
    if node.kind in ("polygon", "geojson", "file", "cell", "cells"):
        return (f"{node.kind.upper()} ", docs[0])
    return Group((f"{node.kind.upper()}(", between_commas(docs), ")"))


# ------------------------------------------------------------------ calls


def call(c: Context, node: n.Call) -> Doc:
    """A call with FILTER and OVER."""
    name = "CELL" if node.name == "cell" else node.name
    args = [expression(c, arg) for arg in node.args]
    if node.by is not None:
        args.append(f"BY {node.by}")
    if node.distinct and args:
        args[0] = ("DISTINCT ", args[0])
    if node.order_by and args:
        args[-1] = (args[-1], " ORDER BY ", join(", ", [sort_key(c, key) for key in node.order_by]))
    parts: list[Doc] = [Group((name, "(", between_commas(args), ")"))]
    if node.filter is not None:
        parts.append(Group((" FILTER (WHERE ", expression(c, node.filter), ")")))
    if node.over is not None:
        parts += [" OVER ", over(c, node.over)]
    return tuple(parts)


def sort_key(c: Context, key: n.SortKey) -> Doc:
    """``expr [DESC] [NULLS …]``; ASC is what is meant without a word."""
    return (expression(c, key.expr), _direction(key))


def _direction(key: n.SortKey) -> str:
    return (" DESC" if key.descending else "") + (f" NULLS {key.nulls.upper()}" if key.nulls else "")


def over(c: Context, node: n.Over) -> Doc:
    """What follows OVER."""
    if node.time:
        return ("TIME ", frame(c, node.frame)) if node.frame else "TIME"
    parts: list[Doc] = []
    if node.partition_by:
        parts.append(("PARTITION BY ", join(", ", [_key(c, key) for key in node.partition_by])))
    if node.order_by:
        keys = [(_key(c, key.expr), _direction(key)) for key in node.order_by]
        parts.append(("ORDER BY ", join(", ", keys)))
    if node.frame is not None:
        parts.append(frame(c, node.frame))
    return Group(("(", Nest((SOFT, join(LINE, parts))), SOFT, ")"))


def _key(c: Context, node: n.Expr) -> Doc:
    """A key of a window; behind a bare OVER TIME, the window's own frame would be read as that one's."""
    doc = expression(c, node)
    return ("(", doc, ")") if flat(doc).endswith("OVER TIME") else doc


def frame(c: Context, node: n.Frame) -> Doc:
    """``ROWS|RANGE`` and its bounds; an end at the current row goes without saying."""
    start, end = _bound(c, node.start, "PRECEDING"), _bound(c, node.end, "FOLLOWING")
    unit = node.unit.upper()
    if node.end == ("current", None) and node.start[0] != "following":
        return (unit, " ", start)
    return (unit, " BETWEEN ", start, " AND ", end)


def _bound(c: Context, bound: tuple[str, n.Expr | None], unbounded: str) -> Doc:
    kind, value = bound
    if kind == "unbounded":
        return f"UNBOUNDED {unbounded}"
    if value is None:
        return "CURRENT ROW"
    return (expression(c, value), f" {kind.upper()}")


def alias(name: str | None) -> str:
    """`` AS name``, or nothing."""
    return f" AS {identifier(name)}" if name is not None else ""
