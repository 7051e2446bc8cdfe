"""Faults found in the text of a statement, before anything is known of layers.

``{found}`` is what was written, ``{right}`` what it should be.
"""

from cubeql.errors.catalogue.rows import Fault

SPELLING: tuple[Fault, ...] = (
    Fault(
        "unclosed_text",
        "the text that opens here is never closed",
        "close it with ', and write a ' inside a text as ''",
        "SELECT name FROM counties FILTER name = 'Oberbayern",
    ),
    Fault(
        "unclosed_name",
        "the quoted name that opens here is never closed",
        'close it with "; a text stands in single quotes',
        'SELECT "leaf area FROM s2',
    ),
    Fault(
        "unclosed_comment",
        "the comment that opens here is never closed",
        "close it with */",
        "SELECT * FROM s2 /* all",
    ),
    Fault("empty_name", "a name cannot be empty", "an empty text is written ''", 'SELECT "" FROM s2'),
    Fault(
        "unquoted_time",
        "{found} without quotes is arithmetic, not a date",
        "write {right}, or TIMESTAMP {right} to compute with it",
        "SELECT * FROM s2 FILTER time > 2024-05-01",
    ),
    Fault(
        "unquoted_cell",
        "the cell {found} stands without quotes",
        "write {right}",
        "SELECT * FROM s2 FILTER cell WITHIN CELL 8928308280fffff",
    ),
    Fault(
        "number_runs_into_letters",
        "the number {found} runs into letters",
        "write durations and lengths in quotes, such as '14 days' or '10 km'; a name cannot begin with a digit",
        "SELECT * FROM s2 FILTER cell WITHIN CIRCLE(11.6, 48.1, 10km)",
    ),
    Fault(
        "double_equals",
        "CubeQL compares with =, not {found}",
        "write {right}",
        "SELECT * FROM s2 FILTER scl == 4",
    ),
    Fault(
        "turned_comparison",
        "there is no operator {found}",
        "write {right}",
        "SELECT * FROM dem FILTER elevation => 100",
    ),
    Fault(
        "ampersand",
        "CubeQL writes AND, not {found}",
        "write {right}",
        "SELECT * FROM s2 FILTER ndvi > 0 && scl = 4",
    ),
    Fault(
        "exclamation_mark",
        "CubeQL writes NOT, not {found}",
        "write {right}",
        "SELECT * FROM s2 FILTER !(scl = 4)",
    ),
    Fault("double_star", "the power operator is ^, not {found}", "write {right}", "SELECT ndvi ** 2 FROM s2"),
    Fault(
        "smart_quotes",
        "{found} has typographic quotes",
        "write {right}",
        "SELECT * FROM s2 FILTER time IN ‘2024’",
    ),
    Fault(
        "backtick",
        "names are quoted with double quotes, not backticks: {found}",
        "write {right}",
        "SELECT `ndvi` FROM s2",
    ),
    Fault(
        "hash_comment", "# begins no comment here", "comments begin with --", "SELECT * FROM s2 # all of it"
    ),
    Fault(
        "colon_parameter", "{found} is no parameter", "write {right}", "SELECT * FROM s2 FILTER scl = :class"
    ),
    Fault(
        "numbered_parameter",
        "{found} is no parameter",
        "give it a name, such as $limit, or write ? for the next unnamed one",
        "SELECT * FROM s2 FILTER scl = $1",
    ),
    Fault(
        "lookalike",
        "{found} looks like an operator or bracket but is another character",
        "write {right}",
        "SELECT nir − red FROM s2",
    ),
    Fault(
        "invisible_character",
        "there is an invisible character here: {name}",
        "delete it",
        "SELECT\u200b ndvi FROM s2",
    ),
    Fault(
        "backslash",
        "a backslash has no meaning here",
        "write a ' inside a text as ''; a statement may run over several lines without a mark",
        "SELECT ndvi \\ FROM s2",
    ),
    Fault(
        "unknown_character",
        "the character {found} ({name}) has no meaning here",
        None,
        "SELECT ndvi @ 2 FROM s2",
    ),
    Fault("number_too_large", "this number is too large", None, "SELECT 1e999 FROM s2"),
)

LIMITS: tuple[Fault, ...] = (
    Fault("text_too_long", "the text has {found} characters, at most {limit} are read"),
    Fault(
        "nested_too_deep",
        "this is nested more than {limit} levels deep",
        "use IN (…) for a long chain of OR, or move a part to a WITH query",
    ),
    Fault("too_many_faults", "there are more faults than the {limit} shown"),
    Fault("no_statement", "there is no statement here"),
    Fault("several_statements", "one statement was expected, here begins another", "run them as a script"),
    Fault("query_expected", "a query was expected here", "a query begins with SELECT, FROM or WITH"),
)

CLAUSES: tuple[Fault, ...] = (
    Fault("clause_twice", "{clause} is written twice", None, "SELECT ndvi FROM s2 LIMIT 1 LIMIT 2"),
    Fault(
        "clause_order",
        "{clause} stands after {after}",
        "the order is SELECT, FROM, AT RESOLUTION, JOIN, FILTER, GROUP BY, HAVING, QUALIFY, ORDER BY, LIMIT, OFFSET, SAMPLE;"
        " or begin with FROM and its joins, then any order",
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
        "options_of_layers_only",
        "CREATE {kind} takes no options",
        "only CREATE LAYER does",
        "CREATE VIEW v WITH (a 1) AS SELECT * FROM s2",
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

WORDS: tuple[Fault, ...] = (
    Fault("unexpected", "found {found} where {expected} was expected", None, "SELECT ndvi FROM s2 AT 5"),
)

ROWS: tuple[Fault, ...] = SPELLING + LIMITS + CLAUSES + WORDS
