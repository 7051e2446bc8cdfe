"""Habits from other languages in statements other than queries."""

from __future__ import annotations

from cubeql.lang.mistakes.situation import Finding, Situation

ROW_CHANGES = frozenset({"UPDATE", "DELETE", "MERGE", "TRUNCATE", "UPSERT"})
TRANSACTIONS = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "START", "SAVEPOINT", "END", "ABORT"})
OTHER_STATEMENTS = {
    "ANALYZE": "statistics are kept with every tile; EXPLAIN ANALYZE query shows what a query costs",
    "CALL": "functions are called inside SELECT",
    "EXPORT": "write COPY (query) TO 'file'",
    "IMPORT": "rasters become layers with: cubeql ingest FILE --layer NAME",
    "INSTALL": "nothing has to be installed",
    "LOAD": "rasters become layers with: cubeql ingest FILE --layer NAME",
    "PRAGMA": "write SET name = value, and SHOW SETTINGS to see all",
    "TABLE": "write SELECT * FROM layer",
    "USE": "name the collection with the layer: collection.layer",
    "VACUUM": "run: cubeql vacuum",
    "VALUES": "rows come from layers; write a query",
}


def row_change(s: Situation) -> Finding | None:
    """``UPDATE s2 SET …``."""
    if s.index != 0 or s.word() not in ROW_CHANGES:
        return None
    return s.finding("no_row_changes", s.found.span, found=s.word())


def transaction(s: Situation) -> Finding | None:
    """``BEGIN``."""
    if s.index != 0 or s.word() not in TRANSACTIONS:
        return None
    return s.finding("no_transactions", s.found.span, found=s.word())


def other_statement(s: Situation) -> Finding | None:
    """Statements of databases that CubeQL does otherwise."""
    if s.index != 0 or s.word() not in OTHER_STATEMENTS:
        return None
    return s.finding("no_such_statement", s.found.span, found=s.word(), instead=OTHER_STATEMENTS[s.word()])


def create_table(s: Situation) -> Finding | None:
    """``CREATE TABLE``."""
    if s.word() != "TABLE" or s.tokens[0].text.upper() != "CREATE" or "LAYER" not in s.expected:
        return None
    return s.finding("create_table", s.found.span, s.replaced(0, 0, "LAYER"), replacement="LAYER")


def create_if_not_exists(s: Situation) -> Finding | None:
    """``CREATE LAYER IF NOT EXISTS x``: IF is read as the name."""
    if s.words(-1, 0) != ("IF", "NOT") or s.tokens[0].text.upper() != "CREATE":
        return None
    return s.finding("create_if_not_exists", s.span(-1, 1), s.replaced(-1, 1))


def create_other(s: Situation) -> Finding | None:
    """``CREATE INDEX`` and its like."""
    if s.tokens[0].text.upper() != "CREATE" or "LAYER" not in s.expected or s.found.type != "NAME":
        return None
    return s.finding("create_other", s.found.span, found=s.word())


def column_list(s: Situation) -> Finding | None:
    """``CREATE LAYER x (a INTEGER)`` or ``CREATE VIEW v (a) AS``."""
    if s.word() != "(" or s.tokens[0].text.upper() != "CREATE" or "AS" not in s.expected:
        return None
    return s.finding("column_list", s.found.span)


def insert_columns(s: Situation) -> Finding | None:
    """``INSERT INTO x (a, b) …``."""
    if s.tokens[0].text.upper() != "INSERT" or s.word(-1) != "(" or s.found.type != "NAME" or s.index > 6:
        return None
    return s.finding("insert_columns", s.found.span)


def insert_values(s: Situation) -> Finding | None:
    """``INSERT INTO x VALUES (…)``."""
    if s.tokens[0].text.upper() != "INSERT" or s.word() != "VALUES":
        return None
    return s.finding("insert_values", s.found.span)


def copy_layer(s: Situation) -> Finding | None:
    """``COPY s2 TO 'out.tif'``."""
    if s.index != 1 or s.word(-1) != "COPY" or s.found.type not in ("NAME", "QUOTED"):
        return None
    query = "".join(("(SELECT * FROM ", s.found.text, ")"))
    words = ("(", "SELECT", "*", "FROM", s.found.text, ")")
    return s.finding("copy_layer", s.found.span, s.replaced(0, 0, *words), replacement=query, right=query)


def describe_kind(s: Situation) -> Finding | None:
    """``DESCRIBE TABLE s2``."""
    if s.index != 2 or s.word(-2) != "DESCRIBE" or s.word(-1) not in ("LAYER", "TABLE", "VIEW", "CELLS"):
        return None
    return s.finding("describe_kind", s.token(-1).span, s.replaced(-1, -1), replacement="", found=s.word(-1))


def show_from(s: Situation) -> Finding | None:
    """``SHOW BANDS FROM s2``."""
    if s.index != 2 or s.tokens[0].text.upper() != "SHOW" or s.word() not in ("FROM", "IN", "ON"):
        return None
    return s.finding("show_from", s.found.span, s.replaced(0, 0), replacement="", found=s.word())


def set_to(s: Situation) -> Finding | None:
    """``SET timeout TO 5``."""
    if s.word() != "TO" or s.tokens[0].text.upper() != "SET" or "EQUALS" not in s.expected:
        return None
    return s.finding("set_to", s.found.span, s.replaced(0, 0, "="), replacement="=")


def attach_unquoted(s: Situation) -> Finding | None:
    """``ATTACH flight://…`` or ``ATTACH lrz``: the address is a text."""
    if s.index != 1 or s.word(-1) != "ATTACH":
        return None
    return s.finding("attach_unquoted", s.found.span)


def attach_without_name(s: Situation) -> Finding | None:
    """``ATTACH 'flight://…'`` and nothing behind it, or a bare name."""
    if s.index != 2 or s.tokens[0].text.upper() != "ATTACH" or "AS" not in s.expected:
        return None
    return s.finding("attach_without_name", s.found.span, s.inserted("AS") if s.found.type == "NAME" else None)


def grant_right(s: Situation) -> Finding | None:
    """``GRANT SELECT ON s2 TO anna``."""
    if s.index != 1 or s.word(-1) not in ("GRANT", "REVOKE"):
        return None
    right = "READ" if s.word() == "SELECT" else "WRITE" if s.word() in ("INSERT", "UPDATE", "DELETE") else None
    mended = s.replaced(0, 0, right) if right else None
    return s.finding("grant_right", s.found.span, mended, replacement=right, found=s.word())


def no_statement_word(s: Situation) -> Finding | None:
    """A first word that begins no statement."""
    if s.index != 0:
        return None
    return s.finding("no_statement_begins_so", s.found.span, found=s.found.text[:40])
