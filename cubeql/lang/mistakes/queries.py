"""Habits from other languages in the clauses of a query."""

from __future__ import annotations

from cubeql.lang.mistakes.situation import Finding, Situation

JOIN_KINDS = {
    "RIGHT": "begin with the other layer: FROM b LEFT JOIN a",
    "FULL": "the first layer drives: its rows are the rows of the query; UNION ALL puts two queries together",
    "CROSS": "every layer meets on its cells; a layer joined with ON TIME ANY meets at every time",
    "NATURAL": "every JOIN meets on the cell by itself: write JOIN",
    "ASOF": "write JOIN b ON TIME AS OF",
    "LATERAL": "write JOIN (query) AS name",
    "POSITIONAL": "layers meet on cell and time, not on the place of a row",
    "OUTER": "write LEFT JOIN",
}
OTHER_WORDS = {
    "ASCENDING": "ASC",
    "ASOF": "AS OF",
    "COLUMNS": "BANDS",
    "DESC": "DESCRIBE",
    "DESCENDING": "DESC",
    "FIELDS": "BANDS",
    "INSIDE": "WITHIN",
    "ISNULL": "IS NULL",
    "MINUS": "EXCEPT",
    "NOTNULL": "IS NOT NULL",
    "OUTPUT": "SELECT",
    "PERCENTAGE": "PERCENT",
    "SKIP": "OFFSET",
    "TABLE": "LAYER",
    "TABLES": "LAYERS",
    "TABLESAMPLE": "SAMPLE",
    "TAKE": "LIMIT",
    "VARIABLES": "SETTINGS",
    "XOR": "<>",
}


PREDICATES = frozenset({"IN", "IS", "NOT", "BETWEEN", "LIKE", "BEFORE", "AFTER"})


def star_without(s: Situation) -> Finding | None:
    """``SELECT * EXCLUDE (a)``."""
    if s.word(-1) != "*" or s.word() not in ("EXCLUDE", "EXCEPT", "REPLACE", "RENAME") or s.word(1) != "(":
        return None
    return s.finding("star_without", s.found.span, found=s.word())


def select_nothing(s: Situation) -> Finding | None:
    """``SELECT FROM s2``."""
    if s.word() != "FROM" or s.word(-1) not in ("SELECT", "DISTINCT"):
        return None
    return s.finding("select_nothing", s.token(-1).span, s.inserted("*"))


def select_without_from(s: Situation) -> Finding | None:
    """``SELECT 1``."""
    if not {"FROM", "COMMA"} <= s.expected or not s.is_clause() or s.word() == "FROM":
        return None
    start = next((i for i in range(s.index - 1, -1, -1) if s.tokens[i].text.upper() == "SELECT"), None)
    if start is None:
        return None
    return s.finding("select_without_from", s.tokens[start].span)


def comma_join(s: Situation) -> Finding | None:
    """``FROM a, b``."""
    if s.word() != "," or "JOIN" not in s.expected or _clause_before(s) not in ("FROM", "JOIN"):
        return None
    return s.finding("comma_join", s.found.span, s.replaced(0, 0, "JOIN"), replacement=" JOIN")


def _clause_before(s: Situation) -> str:
    words = (
        "SELECT",
        "FROM",
        "JOIN",
        "FILTER",
        "WHERE",
        "GROUP",
        "HAVING",
        "QUALIFY",
        "ORDER",
        "LIMIT",
        "ON",
        "USING",
    )
    return next((w for i in range(s.index - 1, -1, -1) if (w := s.tokens[i].text.upper()) in words), "")


def join_kind(s: Situation) -> Finding | None:
    """``RIGHT JOIN`` and its like."""
    if s.word() not in JOIN_KINDS or "JOIN" not in s.expected or s.word(1) not in ("JOIN", "OUTER"):
        return None
    return s.finding("join_kind", s.found.span, found=s.word(), instead=JOIN_KINDS[s.word()])


def left_semi_join(s: Situation) -> Finding | None:
    """``LEFT SEMI JOIN``."""
    if s.word(-1) != "LEFT" or s.word() not in ("SEMI", "ANTI"):
        return None
    return s.finding("left_semi_join", s.span(-1), s.replaced(-1, -1), replacement=s.word(), right=s.word())


def join_using_columns(s: Situation) -> Finding | None:
    """``JOIN b USING (cell)``."""
    if s.word() not in (")", ",") or s.word(-2) not in ("(", ",") or _clause_before(s) != "USING":
        return None
    return s.finding("join_using_columns", s.token(-1).span, found=s.token(-1).text)


def alias_without_as(s: Situation) -> Finding | None:
    """``FROM s2 a`` or ``SELECT ndvi n``."""
    if s.found.type not in ("NAME", "QUOTED") or s.found.reserved or "AS" not in s.expected:
        return None
    if "EQUAL" in s.expected:  # ON TIME AS OF
        return None
    mended = s.inserted("AS")
    if _clause_before(s) in ("FROM", "JOIN") and s.word(1) != "(":
        right = f"AS {s.found.text}"
        return s.finding("alias_without_as", s.found.span, mended, replacement=right, found=s.found.text)
    if not (s.is_clause(1) or s.word(1) == ","):
        return None
    return s.finding("name_or_comma", s.found.span, mended, found=s.found.text, before=s.token(-1).text[:40])


def limit_comma(s: Situation) -> Finding | None:
    """``LIMIT 20, 10``."""
    if s.word() != "," or s.word(-2) != "LIMIT" or s.token(1).type != "NUMBER":
        return None
    right = f"LIMIT {s.token(1).text} OFFSET {s.token(-1).text}"
    mended = s.replaced(-2, 1, "LIMIT", s.token(1).text, "OFFSET", s.token(-1).text)
    return s.finding("limit_comma", s.span(-2, 1), mended, replacement=right, right=right)


def top_n(s: Situation) -> Finding | None:
    """``SELECT TOP 10 ndvi``."""
    if s.word(-1) != "TOP" or s.word(-2) != "SELECT" or s.found.type != "NUMBER":
        return None
    return s.finding("top_n", s.span(-1), s.replaced(-1, 0), count=s.found.text)


def fetch_first(s: Situation) -> Finding | None:
    """``FETCH FIRST 10 ROWS ONLY``."""
    if s.word() != "FETCH" or "LIMIT" not in s.expected:
        return None
    return s.finding("fetch_first", s.found.span)


def union_without_all(s: Situation) -> Finding | None:
    """``UNION SELECT``."""
    if s.word(-1) != "UNION" or s.expected != {"ALL"}:
        return None
    if s.word() == "DISTINCT":
        return s.finding("union_without_all", s.span(-1), s.replaced(0, 0, "ALL"), replacement="UNION ALL")
    return s.finding("union_without_all", s.token(-1).span, s.inserted("ALL"), replacement="UNION ALL")


def except_all(s: Situation) -> Finding | None:
    """``EXCEPT ALL``."""
    if s.word() not in ("ALL", "DISTINCT") or s.word(-1) not in ("EXCEPT", "INTERSECT"):
        return None
    return s.finding("except_all", s.span(-1), s.replaced(0, 0), replacement=s.word(-1), word=s.word(-1))


def by_missing(s: Situation) -> Finding | None:
    """``GROUP cell``."""
    if s.expected != {"BY"}:
        return None
    right = f"{s.word(-1)} BY"
    return s.finding("by_missing", s.token(-1).span, s.inserted("BY"), replacement=right, found=s.word(-1), right=right)


def with_recursive(s: Situation) -> Finding | None:
    """``WITH RECURSIVE a AS``."""
    if s.words(-2, -1) != ("WITH", "RECURSIVE") or s.found.type not in ("NAME", "QUOTED"):
        return None
    return s.finding("with_recursive", s.token(-1).span, s.replaced(-1, -1))


def with_columns(s: Situation) -> Finding | None:
    """``WITH a (x, y) AS``."""
    if s.word() != "(" or s.expected != {"AS"} or s.word(-2) not in ("WITH", ","):
        return None
    return s.finding("with_columns", s.found.span)


def select_into(s: Situation) -> Finding | None:
    """``SELECT … INTO x FROM s2``."""
    if s.word() != "INTO" or "FROM" not in s.expected:
        return None
    return s.finding("select_into", s.found.span, name=s.token(1).text or "name")


def system_time(s: Situation) -> Finding | None:
    """``FROM s2 FOR SYSTEM_TIME AS OF '2024-01-01'``."""
    if s.word() != "FOR" or s.word(1) not in ("SYSTEM_TIME", "TIMESTAMP", "SYSTEM_VERSION", "VERSION"):
        return None
    return s.finding("system_time", s.found.span)


def as_of_in_from(s: Situation) -> Finding | None:
    """``FROM soil AS OF '2015'``: OF is read as the alias."""
    if s.words(-2, -1) != ("AS", "OF") or s.found.type not in ("STRING", "PARAMETER"):
        return None
    return s.finding("as_of_in_from", s.span(-2, -1), s.replaced(-2, -1, "AT"), replacement="AT")


def version_without_at(s: Situation) -> Finding | None:
    """``VERSION '2024-01-01'``."""
    if s.word(-1) != "VERSION" or s.found.type != "STRING":
        return None
    right = f"AT {s.found.text}"
    return s.finding("version_without_at", s.found.span, s.inserted("AT"), replacement=right, right=right)


def sample_percent(s: Situation) -> Finding | None:
    """``SAMPLE 10 %`` or ``SAMPLE 10``."""
    if s.expected != {"PERCENT"}:
        return None
    if s.word() == "%":
        return s.finding("sample_percent", s.found.span, s.replaced(0, 0, "PERCENT"), replacement="PERCENT")
    return s.finding(
        "sample_percent", s.token(-1).span, s.inserted("PERCENT"), replacement=s.token(-1).text + " PERCENT"
    )


def resolution_without_at(s: Situation) -> Finding | None:
    """``FROM s2 RESOLUTION 7``."""
    if s.word() != "RESOLUTION" or "AT_RESOLUTION" not in s.expected:
        return None
    return s.finding("resolution_without_at", s.found.span, replacement="AT RESOLUTION")


def on_time_condition(s: Situation) -> Finding | None:
    """``ON time = b.time``: the column is read as the keyword."""
    if s.words(-3, -2, -1) == ("ON", "TIME", "DURING") and s.found.type in ("STRING", "PARAMETER"):
        return s.finding("on_time_condition", s.span(-3, -2))
    if s.words(-2, -1) != ("ON", "TIME") or s.at_end:
        return None
    if s.found.type in ("NAME", "STRING", "NUMBER") and s.word() not in PREDICATES:
        return None
    return s.finding("on_time_condition", s.span(-2, -1))


def time_match(s: Situation) -> Finding | None:
    """``ON TIME`` and nothing that says how times match."""
    if not {"EQUAL", "NEAREST", "SAME"} <= s.expected:
        return None
    return s.finding("time_match", s.found.span if not s.at_end else s.span(-2, -1))


def with_parentheses(s: Situation) -> Finding | None:
    """``WITH a AS SELECT …``."""
    if s.word(-1) != "AS" or s.expected != {"LPAR"} or s.word() not in ("SELECT", "FROM"):
        return None
    return s.finding("with_parentheses", s.found.span)


def distinct_on(s: Situation) -> Finding | None:
    """``SELECT DISTINCT ON (cell)``."""
    if s.words(-1, 0) != ("DISTINCT", "ON"):
        return None
    return s.finding("distinct_on", s.span(-1))


def named_window(s: Situation) -> Finding | None:
    """``WINDOW w AS (…)`` or ``OVER w``."""
    if s.word(-1) == "OVER" and s.found.type in ("NAME", "QUOTED") and s.word() not in ("PARTITION", "ROWS", "RANGE"):
        return s.finding("named_window", s.found.span)
    if s.word() == "WINDOW" and "HAVING" in s.expected:
        return s.finding("named_window", s.found.span)
    return None


def over_parentheses(s: Situation) -> Finding | None:
    """``OVER PARTITION BY cell``."""
    if s.word(-1) != "OVER" or s.word() not in ("PARTITION", "ORDER", "ROWS", "RANGE"):
        return None
    return s.finding("over_parentheses", s.found.span)


def frame_bound(s: Situation) -> Finding | None:
    """``ROWS 3``."""
    if s.expected != {"PRECEDING", "FOLLOWING"}:
        return None
    return s.finding("frame_bound", s.token(-1).span, s.inserted("PRECEDING"), found=s.token(-1).text)


def groups_frame(s: Situation) -> Finding | None:
    """``GROUPS 3 PRECEDING``."""
    if s.word() != "GROUPS" or "ROWS" not in s.expected:
        return None
    return s.finding("groups_frame", s.found.span)


def other_word(s: Situation) -> Finding | None:
    """Words other languages use for the same thing."""
    right = OTHER_WORDS.get(s.word())
    if right is None:
        return None
    mended = s.replaced(0, 0, *right.split())
    if not s.accepts(mended, s.index):
        return None
    return s.finding("other_word", s.found.span, mended, replacement=right, found=s.word(), right=right)


def file_as_layer(s: Situation) -> Finding | None:
    """``FROM 'scene.tif'``."""
    if s.found.type != "STRING" or s.word(-1) not in ("FROM", "JOIN"):
        return None
    if not {".", "/"} & set(s.found.text):
        return None
    return s.finding("file_as_layer", s.found.span, found=s.found.text[:60])
