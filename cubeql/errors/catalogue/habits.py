"""Habits from SQL and other languages, each caught by its name."""

from cubeql.errors.catalogue.rows import Fault

STATEMENTS: tuple[Fault, ...] = (
    Fault(
        "no_row_changes",
        "layers are not changed row by row: there is no {found}",
        "write INSERT OR REPLACE INTO layer query, or CREATE OR REPLACE LAYER name AS query",
        "UPDATE s2 SET ndvi = 0",
    ),
    Fault(
        "no_transactions",
        "there is no {found}: every statement is done whole or not at all",
        "leave it out",
        "BEGIN",
    ),
    Fault("no_such_statement", "CubeQL has no statement {found}", "{instead}", "PRAGMA threads"),
    Fault(
        "no_statement_begins_so",
        "no statement begins with {found}",
        "statements begin with SELECT, FROM, WITH, EXPLAIN, SHOW, DESCRIBE, CREATE, INSERT, DROP, ALTER,"
        " COPY, ATTACH, DETACH, GRANT, REVOKE or SET",
        "ndvi FROM s2",
    ),
    Fault(
        "create_table",
        "CubeQL keeps layers, not tables",
        "write CREATE LAYER name AS query",
        "CREATE TABLE cold AS SELECT cell, t2m FROM climate",
    ),
    Fault(
        "create_if_not_exists",
        "CREATE has no IF NOT EXISTS",
        "write CREATE OR REPLACE, or leave it out: an existing name is an error",
        "CREATE LAYER IF NOT EXISTS cold AS SELECT cell, t2m FROM climate",
    ),
    Fault(
        "create_other",
        "there is no CREATE {found}",
        "LAYER, VIEW and CELLS can be created",
        "CREATE INDEX i ON s2",
    ),
    Fault(
        "column_list",
        "columns are not declared",
        "the query gives them: CREATE LAYER name AS SELECT cell, …",
        "CREATE LAYER cold (cell BIGINT, t2m DOUBLE)",
    ),
    Fault(
        "insert_columns",
        "INSERT takes no list of columns",
        "columns are matched by name: INSERT INTO layer SELECT cell, time, …",
        "INSERT INTO cold (cell, t2m) SELECT cell, t2m FROM climate",
    ),
    Fault(
        "insert_values",
        "INSERT takes a query, not VALUES",
        "write INSERT INTO layer SELECT …; files become layers with cubeql ingest",
        "INSERT INTO cold VALUES (1, 2)",
    ),
    Fault("copy_layer", "COPY takes a query in parentheses", "write {right}", "COPY s2 TO 's2.parquet'"),
    Fault(
        "describe_kind",
        "DESCRIBE names the layer without {found}",
        "leave {found} out; DESCRIBE query tells the columns of a query",
        "DESCRIBE TABLE s2",
    ),
    Fault("show_from", "SHOW names its layer without {found}", "leave {found} out", "SHOW BANDS FROM s2"),
    Fault("set_to", "SET takes =, not TO", "write SET name = value", "SET timeout TO 5"),
    Fault(
        "grant_right",
        "there is no right {found}",
        "the rights are READ and WRITE",
        "GRANT SELECT ON s2 TO anna",
    ),
    Fault("attach_unquoted", "the address of a server is a text", "write ATTACH 'flight://host:port' AS name",
          "ATTACH lrz"),
    Fault("attach_without_name", "an attached server needs a name", "write AS and the name that its layers get",
          "ATTACH 'flight://lrz.example:8815'"),
)

QUERIES: tuple[Fault, ...] = (
    Fault(
        "select_nothing",
        "SELECT names no column",
        "write SELECT * to get every column",
        "SELECT FROM s2",
    ),
    Fault(
        "star_without",
        "* cannot be changed: there is no {found}",
        "name the columns that are wanted",
        "SELECT * EXCLUDE (scl) FROM s2",
    ),
    Fault(
        "select_without_from",
        "the query has no FROM",
        "a query reads at least one layer: SELECT … FROM layer",
        "SELECT 1 + 1",
    ),
    Fault(
        "comma_join",
        "layers are joined with JOIN, not with a comma",
        "write FROM a JOIN b: they meet on their cells",
        "SELECT ndvi, elevation FROM s2, dem",
    ),
    Fault("join_kind", "there is no {found} JOIN", "{instead}", "SELECT * FROM s2 RIGHT JOIN dem"),
    Fault(
        "left_semi_join",
        "a {right} JOIN is not LEFT",
        "write {right} JOIN",
        "SELECT * FROM s2 LEFT SEMI JOIN landcover",
    ),
    Fault(
        "join_using_columns",
        "USING names how a layer is brought to the grid, not columns: {found}",
        "layers meet on their cells by themselves; write USING max, or USING (band max)",
        "SELECT * FROM s2 JOIN dem USING (cell)",
    ),
    Fault("alias_without_as", "the name {found} needs AS", "write AS {found}", "SELECT s.ndvi FROM s2 s"),
    Fault(
        "name_or_comma",
        "{found} follows {before} without AS, a comma or an operator",
        "write AS {found} to name the column, or a comma to begin another",
        "SELECT ndvi greenness FROM s2",
    ),
    Fault("limit_comma", "LIMIT takes one number", "write {right}", "SELECT ndvi FROM s2 LIMIT 20, 10"),
    Fault("top_n", "there is no TOP", "write LIMIT {count} at the end", "SELECT TOP 10 ndvi FROM s2"),
    Fault("fetch_first", "there is no FETCH", "write LIMIT n", "SELECT ndvi FROM s2 FETCH FIRST 10 ROWS ONLY"),
    Fault(
        "union_without_all",
        "UNION needs ALL: rows are never compared unasked",
        "to drop equal rows write SELECT DISTINCT * FROM (… UNION ALL …)",
        "SELECT cell FROM s2 UNION SELECT cell FROM l8",
    ),
    Fault(
        "except_all",
        "{word} takes neither ALL nor DISTINCT",
        "write {word}",
        "SELECT cell FROM s2 EXCEPT ALL SELECT cell FROM l8",
    ),
    Fault("by_missing", "{found} needs BY", "write {right}", "SELECT cell, avg(ndvi) FROM s2 GROUP cell"),
    Fault(
        "with_recursive",
        "queries are not recursive",
        "leave RECURSIVE out",
        "WITH RECURSIVE a AS (SELECT * FROM s2) SELECT * FROM a",
    ),
    Fault(
        "with_columns",
        "WITH takes no list of columns",
        "name them in the query: WITH a AS (SELECT x AS b …)",
        "WITH a (b) AS (SELECT ndvi FROM s2) SELECT b FROM a",
    ),
    Fault(
        "select_into",
        "a query writes nothing",
        "write CREATE LAYER {name} AS SELECT …",
        "SELECT cell, ndvi INTO green FROM s2",
    ),
    Fault(
        "system_time",
        "there is no FOR SYSTEM_TIME",
        "write layer AT 'time' for the data as of a time,"
        " layer VERSION AT 'timestamp' for an earlier state of the store",
        "SELECT * FROM s2 FOR SYSTEM_TIME AS OF '2024-01-01'",
    ),
    Fault(
        "as_of_in_from",
        "after a layer, AS names it",
        "write AT 'time' to freeze the layer, or JOIN … ON TIME AS OF to match rows",
        "SELECT * FROM soil AS OF '2015-06-01'",
    ),
    Fault(
        "version_without_at",
        "VERSION takes a number",
        "write {right}",
        "SELECT * FROM s2 VERSION '2024-01-01'",
    ),
    Fault("sample_percent", "SAMPLE takes a share", "write SAMPLE n PERCENT", "SELECT * FROM s2 SAMPLE 10"),
    Fault(
        "resolution_without_at",
        "RESOLUTION needs AT",
        "write AT RESOLUTION n",
        "SELECT * FROM s2 RESOLUTION 7",
    ),
    Fault(
        "on_time_condition",
        "ON TIME says how times match; it begins no condition",
        'write the condition as ON b.time … or ON "time" …, or a match such as ON TIME EQUAL, ON TIME AS OF',
        "SELECT * FROM s2 JOIN rain ON time = rain.time",
    ),
    Fault(
        "time_match",
        "ON TIME needs a word that says how times match",
        "write EQUAL, SAME MONTH, AS OF, NEXT, NEAREST, PRECEDING '14 days', FOLLOWING '…', AROUND '…', DURING or ANY",
        "SELECT * FROM s2 JOIN rain ON TIME",
    ),
    Fault(
        "with_parentheses",
        "the query of a WITH stands in parentheses",
        "write WITH name AS (SELECT …)",
        "WITH a AS SELECT * FROM s2 SELECT * FROM a",
    ),
    Fault(
        "distinct_on",
        "there is no DISTINCT ON",
        "use GROUP BY with latest(x) or first(x, order), or QUALIFY row_number() OVER (…) = 1",
        "SELECT DISTINCT ON (cell) cell, ndvi FROM s2",
    ),
    Fault(
        "named_window",
        "windows have no names",
        "write the window where it is used: OVER (PARTITION BY … ORDER BY …), or OVER TIME",
        "SELECT avg(ndvi) OVER w FROM s2",
    ),
    Fault(
        "over_parentheses",
        "the window after OVER stands in parentheses",
        "write OVER (PARTITION BY … ORDER BY …), or OVER TIME for each cell's own series",
        "SELECT avg(ndvi) OVER PARTITION BY cell FROM s2",
    ),
    Fault(
        "frame_bound",
        "{found} needs a side",
        "write PRECEDING or FOLLOWING after it",
        "SELECT avg(ndvi) OVER TIME ROWS 3 FROM s2",
    ),
    Fault(
        "groups_frame",
        "a window counts ROWS or spans a RANGE",
        "write ROWS 3 PRECEDING or RANGE '30 days' PRECEDING",
        "SELECT avg(ndvi) OVER (ORDER BY time GROUPS 3 PRECEDING) FROM s2",
    ),
    Fault("other_word", "CubeQL says {right}, not {found}", None, "SELECT ndvi FROM s2 ORDER BY ndvi DESCENDING"),
    Fault(
        "file_as_layer",
        "{found} is a text, not a layer",
        "files become layers with: cubeql ingest FILE --layer NAME",
        "SELECT * FROM 'scene.tif'",
    ),
)

EXPRESSIONS: tuple[Fault, ...] = (
    Fault(
        "chained_comparison",
        "comparisons cannot be chained",
        "write a < b AND b < c, or b BETWEEN a AND c",
        "SELECT * FROM s2 FILTER 0 < ndvi < 1",
    ),
    Fault(
        "is_value",
        "IS goes with NULL, TRUE, FALSE and DISTINCT FROM only",
        "write {right} to compare",
        "SELECT * FROM s2 FILTER scl IS NOT 4",
    ),
    Fault(
        "not_comparison",
        "NOT cannot stand before a comparison",
        "write {right}",
        "SELECT * FROM s2 FILTER scl NOT = 4",
    ),
    Fault(
        "between_comma",
        "BETWEEN joins its bounds with AND",
        "write BETWEEN a AND b",
        "SELECT * FROM s2 FILTER ndvi BETWEEN 0, 1",
    ),
    Fault(
        "interval_text",
        "a length of time stands in quotes",
        "write {right}",
        "SELECT * FROM s2 FILTER time > now() - INTERVAL 14 DAYS",
    ),
    Fault(
        "in_parentheses",
        "IN takes a list in parentheses, or a time in quotes",
        "write IN (a, b), or time IN '2024'",
        "SELECT * FROM s2 FILTER scl IN 4, 5",
    ),
    Fault("empty_list", "IN needs at least one value", None, "SELECT * FROM s2 FILTER scl IN ()"),
    Fault(
        "text_needed",
        "{found} must stand in quotes here",
        "write {right}",
        "SELECT * FROM s2 FILTER time IN 2024",
    ),
    Fault(
        "subquery_in_expression",
        "a query cannot stand here as a value",
        "JOIN it, or name it in WITH; cell IN (query) tests for membership",
        "SELECT * FROM dem FILTER elevation > (SELECT avg(elevation) FROM dem)",
    ),
    Fault(
        "exists_subquery",
        "there is no EXISTS",
        "write SEMI JOIN layer ON … for rows that have a match, ANTI JOIN for rows that lack one",
        "SELECT * FROM s2 FILTER EXISTS (SELECT * FROM dem)",
    ),
    Fault(
        "aggregate_filter",
        "the filter of an aggregate begins with WHERE",
        "write FILTER (WHERE …)",
        "SELECT count(*) FILTER (ndvi > 0.5) FROM s2",
    ),
    Fault(
        "pattern_operator",
        "there is no operator {found}",
        "use LIKE with % and _, ILIKE to ignore case, or the function regexp_matches(text, pattern)",
        "SELECT * FROM counties FILTER name REGEXP 'Ober.*'",
    ),
    Fault(
        "extract_from",
        "there is no EXTRACT(… FROM …)",
        "write {part}(time)",
        "SELECT EXTRACT(month FROM time) FROM s2",
    ),
    Fault(
        "time_zone",
        "all times are UTC: there is no AT TIME ZONE",
        "write the instant in UTC, or with its offset: '2024-05-03T12:30+02:00'",
        "SELECT time AT TIME ZONE 'Europe/Berlin' FROM s2",
    ),
    Fault(
        "case_without_end",
        "this CASE has no END",
        "write CASE WHEN … THEN … ELSE … END",
        "SELECT CASE WHEN ndvi > 0.5 THEN 1 ELSE 0 FROM s2",
    ),
    Fault(
        "else_if",
        "CASE has no {found}",
        "write another WHEN … THEN …",
        "SELECT CASE WHEN ndvi > 0.5 THEN 2 ELSEIF ndvi > 0 THEN 1 END FROM s2",
    ),
    Fault(
        "region_text",
        "{region} takes a text in single quotes",
        "write {region} '…'",
        "SELECT * FROM s2 FILTER cell WITHIN POLYGON((11 48, 12 48, 12 49, 11 48))",
    ),
    Fault(
        "region_parentheses",
        "{region} takes its arguments in parentheses",
        "write {region}(…)",
        "SELECT * FROM s2 FILTER cell WITHIN BBOX 11, 48, 12, 49",
    ),
    Fault(
        "region_kind",
        "the kind of the region {found} is missing",
        "write {right} before it",
        "SELECT * FROM s2 FILTER cell WITHIN 'aoi.gpkg'",
    ),
    Fault(
        "region_expected",
        "a region is needed after WITHIN",
        "regions are BBOX(west, south, east, north), POLYGON 'WKT', GEOJSON '…', FILE 'aoi.gpkg', CELL '…',"
        " DISK('…', k), CIRCLE(lon, lat, '10 km'), POINT(lon, lat), ZONE(layer, column, 'value'), CELLS name"
        " and $parameter",
        "SELECT * FROM s2 FILTER cell WITHIN (11, 48, 12, 49)",
    ),
)

ROWS: tuple[Fault, ...] = STATEMENTS + QUERIES + EXPRESSIONS
