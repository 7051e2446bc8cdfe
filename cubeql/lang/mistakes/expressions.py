"""Habits from other languages in expressions and regions."""

from __future__ import annotations

import re

from cubeql.lang.mistakes.situation import Finding, Situation

COMPARISONS = ("EQUALS", "COMPARISON")
TIME_UNITS = frozenset(
    f"{unit}{s}".upper()
    for unit in ("second", "minute", "hour", "day", "week", "dekad", "month", "year")
    for s in ("", "s")
)
PATTERN_OPERATORS = frozenset({"REGEXP", "RLIKE", "SIMILAR", "GLOB", "REGEXP_LIKE", "MATCHES"})
REGION_FILES = (".geojson", ".json", ".gpkg", ".parquet", ".shp")
_WKT = re.compile(r"'\s*(?:MULTI)?(?:POLYGON|POINT|LINESTRING)", re.IGNORECASE)
_HEX = re.compile(r"'8[0-9a-f]{14}'", re.IGNORECASE)


def chained_comparison(s: Situation) -> Finding | None:
    """``0 < ndvi < 1``."""
    if s.found.type not in COMPARISONS:
        return None
    depth = 0
    for i in range(s.index - 1, -1, -1):
        token = s.tokens[i]
        depth += (token.text in ("(", "[")) * -1 + (token.text in (")", "]"))
        if depth < 0 or (depth == 0 and (token.reserved or token.text == ",")):
            return None
        if depth == 0 and token.type in COMPARISONS:
            return s.finding("chained_comparison", s.found.span)
    return None


def is_value(s: Situation) -> Finding | None:
    """``x IS 5`` or ``x IS NOT 5``."""
    if "NULL" not in s.expected:
        return None
    if s.word(-1) == "IS":
        first, right = -1, "="
    elif s.words(-2, -1) == ("IS", "NOT"):
        first, right = -2, "<>"
    else:
        return None
    mended = s.replaced(first, -1, right)
    return s.finding("is_value", s.span(first, -1), mended, replacement=right, right=right)


def not_comparison(s: Situation) -> Finding | None:
    """``x NOT = 5``."""
    if s.word(-1) != "NOT" or s.found.type not in COMPARISONS:
        return None
    right = {"=": "<>", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}.get(s.found.text, "=")
    return s.finding("not_comparison", s.span(-1), s.replaced(-1, 0, right), replacement=right, right=right)


def between_comma(s: Situation) -> Finding | None:
    """``BETWEEN 1, 5``."""
    if s.word() not in (",", "TO") or "AND" not in s.expected or "BETWEEN" not in _words_back(s, 8):
        return None
    return s.finding("between_comma", s.found.span, s.replaced(0, 0, "AND"), replacement=" AND")


def _words_back(s: Situation, count: int) -> tuple[str, ...]:
    return tuple(s.word(-i) for i in range(1, count + 1))


def interval_text(s: Situation) -> Finding | None:
    """``INTERVAL 14 DAYS``, ``PRECEDING 14 days`` or ``time - 14 days``."""
    if s.found.type == "NUMBER" and "STRING" in s.expected and s.word(1) in TIME_UNITS:
        text = f"'{s.found.text} {s.token(1).text.lower()}'"
        return s.finding("interval_text", s.span(0, 1), s.replaced(0, 1, text), replacement=text, right=text)
    if s.word() in TIME_UNITS and s.token(-1).type == "NUMBER":
        text = f"'{s.token(-1).text} {s.found.text.lower()}'"
        right = f"INTERVAL {text}"
        mended = s.replaced(-1, 0, "INTERVAL", text)
        return s.finding("interval_text", s.span(-1), mended, replacement=right, right=right)
    return None


def in_parentheses(s: Situation) -> Finding | None:
    """``scl IN 4, 5``."""
    if s.word(-1) != "IN" or "LPAR" not in s.expected or s.at_end:
        return None
    if s.found.type == "NUMBER" and s.word(1) != ",":
        return None
    if s.found.type not in ("NUMBER", "NAME", "LSQB", "DATE", "TIMESTAMP"):
        return None
    return s.finding("in_parentheses", s.found.span)


def empty_list(s: Situation) -> Finding | None:
    """``scl IN ()``."""
    if s.words(-2, -1, 0) != ("IN", "(", ")"):
        return None
    return s.finding("empty_list", s.span(-1))


def text_needed(s: Situation) -> Finding | None:
    """``time IN 2024`` or ``soil AT 2015``."""
    if s.found.type != "NUMBER" or "STRING" not in s.expected or "NUMBER" in s.expected:
        return None
    if s.word(-1) in ("WITHIN", "PRECEDING", "FOLLOWING", "AROUND", "INTERVAL"):
        right = f"'{s.found.text} days'"
        return s.finding("interval_text", s.found.span, s.replaced(0, 0, right), right=right)
    text = f"'{s.found.text}'"
    return s.finding(
        "text_needed", s.found.span, s.replaced(0, 0, text), replacement=text, found=s.found.text, right=text
    )


def subquery(s: Situation) -> Finding | None:
    """``elevation > (SELECT …)`` or ``EXISTS (SELECT …)``."""
    if s.word() not in ("SELECT", "FROM", "WITH") or s.word(-1) != "(" or "NAME" not in s.expected:
        return None
    if s.word(-2) == "EXISTS":
        return s.finding("exists_subquery", s.token(-2).span)
    return s.finding("subquery_in_expression", s.found.span)


def aggregate_filter(s: Situation) -> Finding | None:
    """``count(*) FILTER (x > 1)``."""
    if s.words(-1, 0, 1) != (")", "FILTER", "(") or "FILTER_WHERE" not in s.expected:
        return None
    mended = (
        *s.tokens[: s.index],
        s.found._replace(type="FILTER_WHERE", keyword=None, reserved=False),
        *s.replaced(1, 1, "(", "WHERE")[s.index + 1 :],
    )
    return s.finding("aggregate_filter", s.token(1).span, mended, replacement="(WHERE ")


def pattern_operator(s: Situation) -> Finding | None:
    """``name REGEXP 'a.*'``."""
    if s.word() not in PATTERN_OPERATORS or "LIKE" not in s.expected:
        return None
    return s.finding("pattern_operator", s.found.span, found=s.word())


def extract_from(s: Situation) -> Finding | None:
    """``EXTRACT(year FROM time)``."""
    if s.word() != "FROM" or s.words(-3, -2) != ("EXTRACT", "("):
        return None
    part, of = s.token(-1).text.lower(), s.token(1).text
    if s.word(2) == ")" and s.token(1).type == "NAME":
        right = f"{part}({of})"
        mended = s.replaced(-3, 2, part, "(", of, ")")
        return s.finding("extract_from", s.span(-3, 2), mended, replacement=right, part=part)
    return s.finding("extract_from", s.token(-3).span, part=part)


def time_zone(s: Situation) -> Finding | None:
    """``time AT TIME ZONE 'UTC'``."""
    if s.words(0, 1) != ("AT", "TIME"):
        return None
    return s.finding("time_zone", s.span(0, 1))


def case_without_end(s: Situation) -> Finding | None:
    """``CASE WHEN a THEN b FROM``."""
    if "END" not in s.expected or not (s.is_clause() or s.word() in (",", "AS")):
        return None
    waiting: list[int] = []
    for i in range(s.index):
        word = s.tokens[i].text.upper()
        if word == "CASE":
            waiting.append(i)
        elif word == "END" and waiting:
            waiting.pop()
    if not waiting:
        return None
    return s.finding("case_without_end", s.tokens[waiting[-1]].span, s.inserted("END"))


def else_if(s: Situation) -> Finding | None:
    """``ELSEIF`` inside CASE."""
    if s.word() not in ("ELSEIF", "ELSIF", "ELIF") or "WHEN" not in s.expected:
        return None
    return s.finding("else_if", s.found.span, s.replaced(0, 0, "WHEN"), replacement="WHEN", found=s.word())


# ------------------------------------------------------------------ regions


def region_text(s: Situation) -> Finding | None:
    """``POLYGON((11 48, …))`` or ``FILE(aoi.gpkg)``."""
    if s.word(-1) not in ("POLYGON", "GEOJSON", "FILE", "CELL") or "STRING" not in s.expected or s.at_end:
        return None
    if s.found.type in ("QUOTED", "STRING"):
        return None
    return s.finding("region_text", s.span(-1, 0), region=s.word(-1))


def region_parentheses(s: Situation) -> Finding | None:
    """``BBOX 11, 48, 12, 49``."""
    region = s.word(-1)
    if s.expected != {"LPAR"} or region not in ("BBOX", "DISK", "CIRCLE", "POINT", "ZONE"):
        return None
    return s.finding("region_parentheses", s.token(-1).span, region=region)


def region_expected(s: Situation) -> Finding | None:
    """``WITHIN 'aoi.gpkg'`` or ``WITHIN munich``."""
    if s.word(-1) != "WITHIN" or "BBOX" not in s.expected:
        return None
    text = s.found.text
    kind = None
    if s.found.type == "STRING":
        kind = _region_of(text)
    elif s.found.type in ("NAME", "QUOTED") and s.word(1) != "(" and not s.found.reserved:
        kind = "CELLS"
    if kind is None:
        return s.finding("region_expected", s.found.span)
    right = f"{kind} {text}"
    return s.finding("region_kind", s.found.span, s.inserted(kind), replacement=right, found=text[:60], right=kind)


def _region_of(text: str) -> str | None:
    if _WKT.match(text):
        return "POLYGON"
    if _HEX.fullmatch(text):
        return "CELL"
    if text[1:].lstrip().startswith("{"):
        return "GEOJSON"
    return "FILE" if text[:-1].lower().endswith(REGION_FILES) else None
