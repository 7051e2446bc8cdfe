"""Faults found in the text of a statement, before anything is known of layers.

Misspelt marks are in ``spelling``, habits from other languages in ``habits``. ``{found}`` is what was
written, ``{right}`` what it should be.
"""

from cubeql.errors.catalogue import habits, spelling
from cubeql.errors.catalogue.rows import Fault

LIMITS: tuple[Fault, ...] = (
    Fault("text_too_long", "the text has {found} characters, at most {limit} are read"),
    Fault(
        "nested_too_deep",
        "this is nested too deeply",
        "use IN (…) for a long chain of OR, or move a part to a WITH query",
    ),
    Fault("too_many_faults", "there are more faults than these"),
    Fault("no_statement", "there is no statement here"),
    Fault("several_statements", "one statement was expected, here begins another", "run them as a script"),
    Fault("query_expected", "a query was expected here", "a query begins with SELECT, FROM or WITH"),
    Fault(
        "no_place_for_condition",
        "this statement has no FILTER that a condition could be put into",
        "that takes a query on a layer, or EXPLAIN, COPY, CREATE … AS or INSERT with one; not UNION or SHOW",
    ),
)

CLAUSES: tuple[Fault, ...] = (
    Fault("clause_twice", "{clause} is written twice", None, "SELECT ndvi FROM s2 LIMIT 1 LIMIT 2"),
    Fault(
        "clause_order",
        "{clause} stands after {after}",
        "the order is SELECT, FROM, AT RESOLUTION, JOIN, FILTER, GROUP BY, HAVING, QUALIFY, ORDER BY, LIMIT,"
        " OFFSET, SAMPLE; or begin with FROM and its joins, then any order",
        "SELECT ndvi FROM s2 LIMIT 3 ORDER BY ndvi",
    ),
    Fault(
        "query_without_select",
        "the query has no SELECT",
        "add SELECT * to get every column",
        "FROM s2 FILTER ndvi > 0.5",
    ),
    Fault("star_alias", "* cannot be named {alias}", "name single columns", "SELECT * AS everything FROM s2"),
    Fault(
        "band_twice",
        "the band {band} has two methods",
        None,
        "SELECT * FROM s2 JOIN rain USING (precip sum, precip max)",
    ),
    Fault(
        "option_twice",
        "the option {option} is given twice",
        None,
        "COPY (SELECT * FROM s2) TO 'a.tif' WITH (size 1, size 2)",
    ),
    Fault(
        "raster_of_views_only",
        "CREATE {kind} … AS RASTER is not possible: a raster can only be a view",
        "write CREATE VIEW name AS RASTER 'scene.tif'; to store it, CREATE LAYER name AS SELECT * FROM that view",
        "CREATE LAYER x AS RASTER 'scene.tif'",
    ),
    Fault(
        "options_of_cells",
        "CREATE CELLS takes no options",
        "CREATE LAYER and CREATE VIEW do",
        "CREATE CELLS wet WITH (a 1) AS SELECT cell FROM s2",
    ),
    Fault(
        "with_name_twice",
        "WITH names {name} twice",
        None,
        "WITH a AS (SELECT * FROM s2), a AS (SELECT * FROM dem) SELECT * FROM a",
    ),
    Fault(
        "with_twice",
        "a query with its own WITH has another WITH before it",
        "put all named queries into one WITH",
        "WITH a AS (SELECT * FROM s2) (WITH b AS (SELECT * FROM a) SELECT * FROM b)",
    ),
    Fault(
        "tail_before_set",
        "{clause} stands before {operator}",
        "put the query in parentheses, or move {clause} to the end of the whole",
        "SELECT ndvi FROM s2 LIMIT 3 UNION ALL SELECT ndvi FROM l8",
    ),
    Fault(
        "tail_after_tail",
        "{clause} stands behind a query that has its own ORDER BY, LIMIT, OFFSET or SAMPLE",
        "write FROM (query) to apply one after the other",
        "(SELECT ndvi FROM s2 LIMIT 3) LIMIT 2",
    ),
    Fault(
        "sample_of_set",
        "SAMPLE belongs to a single query",
        "put that query in parentheses",
        "SELECT ndvi FROM s2 UNION ALL SELECT ndvi FROM l8 SAMPLE 5 PERCENT",
    ),
    Fault(
        "region_arguments",
        "{region} has {found} arguments, it takes {count}: {arguments}",
        "longitudes and latitudes are degrees, longitude first",
        "SELECT * FROM s2 FILTER cell WITHIN BBOX(11, 48, 12)",
    ),
    Fault(
        "zone_argument",
        "ZONE needs the name of a {what} here",
        "write ZONE(layer, column, 'value'), the names without single quotes",
        "SELECT * FROM s2 FILTER cell WITHIN ZONE('counties', name, 'Oberbayern')",
    ),
    Fault(
        "frame_backwards",
        "the window ends before it begins",
        "write the earlier bound first: BETWEEN 3 PRECEDING AND CURRENT ROW",
        "SELECT avg(ndvi) OVER TIME ROWS BETWEEN CURRENT ROW AND 3 PRECEDING FROM s2",
    ),
)

GENERAL: tuple[Fault, ...] = (
    Fault("unexpected", "found {found} where {expected} was expected", None, "SELECT ndvi FROM s2 JOIN 5"),
    Fault("unexpected_end", "the statement ends where {expected} was expected", None, "SELECT ndvi FROM"),
    Fault(
        "unclosed_bracket",
        "the {found} that opens here is never closed",
        "close it with {right}",
        "SELECT avg(ndvi FROM s2",
    ),
    Fault("unmatched_bracket", "this {found} closes nothing", "delete it", "SELECT avg(ndvi)) FROM s2"),
    Fault("trailing_comma", "nothing follows this comma", "delete it", "SELECT ndvi, FROM s2"),
    Fault("double_comma", "there is nothing between two commas", "delete one", "SELECT ndvi,, cell FROM s2"),
    Fault("misspelt_keyword", "{found} means nothing here", "write {right}", "SELCT ndvi FROM s2"),
    Fault(
        "reserved_word",
        "{found} is a reserved word",
        "a column or layer called so is written {right}",
        "SELECT end FROM s2",
    ),
    Fault(
        "missing_word",
        "{right} is missing before {found}",
        None,
        "CREATE LAYER green SELECT cell, ndvi FROM s2",
    ),
    Fault(
        "text_as_name",
        "{found} is a text, a name is needed",
        "names need no quotes; where they do, double ones: {right}",
        "SELECT ndvi AS 'greenness' FROM s2",
    ),
    Fault(
        "name_as_text",
        "{found} is a name, a text is needed",
        "texts stand in single quotes: {right}",
        'SELECT * FROM s2 FILTER time IN "2024"',
    ),
)

ROWS: tuple[Fault, ...] = spelling.ROWS + LIMITS + CLAUSES + GENERAL + habits.ROWS
