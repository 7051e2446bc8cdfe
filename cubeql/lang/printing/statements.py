"""Statements."""

from __future__ import annotations

from cubeql.lang import nodes as n
from cubeql.lang.layout import LINE, Doc, Group
from cubeql.lang.printing.context import Context
from cubeql.lang.printing.expressions import between_commas, expression
from cubeql.lang.printing.names import identifier, path, quoted, text
from cubeql.lang.printing.queries import in_parentheses, query


def statement(c: Context, node: n.Statement) -> Doc:
    """A statement without the closing ``;``."""
    match node:
        case n.QueryStatement():
            return _query(c, node.query)
        case n.Explain():
            return ("EXPLAIN ANALYZE" if node.analyze else "EXPLAIN", LINE, _query(c, node.query))
        case n.Describe() if node.query is not None:
            return ("DESCRIBE", LINE, _query(c, node.query))
        case n.Create():
            return (_create(c, node), LINE, _query(c, node.query))
        case n.CreateRaster():
            return (f"{'CREATE OR REPLACE' if node.replace else 'CREATE'} VIEW {path(node.name)} AS ", raster(c, node))
        case n.Insert():
            word = "INSERT OR REPLACE INTO" if node.replace else "INSERT INTO"
            return (f"{word} {path(node.name)}", LINE, _query(c, node.query))
        case n.Copy():
            target = expression(c, node.path)
            return (
                "COPY ",
                in_parentheses(c, node.query),
                " TO ",
                target,
                _options(c, " WITH ", node.options),
            )
        case n.Alter() | n.Rollback():
            return (f"ALTER LAYER {path(node.name)}", _alter(c, node))
        case n.SetOption() | n.Attach():
            return _of_session(c, node)
        case _:
            return _short(node)


def _of_session(c: Context, node: n.SetOption | n.Attach) -> Doc:
    if isinstance(node, n.SetOption):
        return (f"SET {identifier(node.name)} = ", expression(c, node.value))
    options = _options(c, " WITH ", node.options)
    return ("ATTACH ", expression(c, node.address), f" AS {identifier(node.name)}", options)


def _query(c: Context, node: n.Query) -> Doc:
    return (c.lead(node), query(c, node), c.tail(node))


def _short(node: n.Statement) -> str:
    """Statements that hold neither a query nor an expression."""
    match node:
        case n.Show():
            words = ["SHOW", node.what.upper()]
            words += [path(node.name)] if node.name else []
            words += ["LIKE", text(node.like)] if node.like is not None else []
            return " ".join(words)
        case n.Describe():
            return f"DESCRIBE {path(node.name)}"
        case n.Drop():
            return _drop(node)
        case n.Detach():
            return f"DETACH {identifier(node.name)}"
        case n.Grant():
            words = ["REVOKE" if node.revoke else "GRANT", node.right.upper(), "ON", path(node.name)]
            return " ".join([*words, "FROM" if node.revoke else "TO", identifier(node.grantee)])
        case _:
            raise TypeError(f"no statement: {type(node).__name__}")


def raster(c: Context, node: n.CreateRaster) -> Doc:
    """What stands behind AS of a raster that is read in place."""
    return ("RASTER ", expression(c, node.path), _options(c, " WITH ", node.options))


def _alter(c: Context, node: n.Alter | n.Rollback) -> Doc:
    """What stands after the name of the layer."""
    if isinstance(node, n.Alter):
        if node.rename_to:
            return f" RENAME TO {path(node.rename_to)}"
        column = f" ALTER {node.column_kind.upper()} {identifier(node.column)}" if node.column is not None else ""
        return (column, _options(c, " SET ", node.options))
    if node.version_at is not None:
        return (" ROLLBACK TO VERSION AT ", expression(c, node.version_at))
    assert node.version is not None
    return (" ROLLBACK TO VERSION ", expression(c, node.version))


def _drop(node: n.Drop) -> str:
    name = path(node.name)
    if node.if_exists:
        return f"DROP {node.kind.upper()} IF EXISTS {name}"
    if node.name[0].upper() == "IF":  # bare, IF EXISTS would be read
        name = ".".join([quoted(node.name[0]), *[identifier(part) for part in node.name[1:]]])
    return f"DROP {node.kind.upper()} {name}"


def _create(c: Context, node: n.Create) -> Doc:
    word = "CREATE OR REPLACE" if node.replace else "CREATE"
    return (f"{word} {node.kind.upper()} {path(node.name)}", _options(c, " WITH ", node.options), " AS")


def _options(c: Context, word: str, options: tuple[n.Option, ...]) -> Doc:
    if not options:
        return ""
    docs: list[Doc] = [(f"{option.name} ", expression(c, option.value)) for option in options]
    return Group((word, "(", between_commas(docs), ")"))
