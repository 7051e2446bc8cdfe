"""The words of the language as they are offered and explained: phrases, in order of use, a line of help each."""

from __future__ import annotations

from functools import cache

from cubeql.lang.tables import tables

HELP = {
    # clauses
    "SELECT": "The columns of the result: expressions, each with a name after AS; * is all columns.",
    "FROM": "The layer or query that drives: its rows are the rows of the query, on its grid.",
    "JOIN": "Brings another layer to the query's grid; rows meet by cell and, where both have it, by time.",
    "LEFT JOIN": "Like JOIN, and rows without a match stay, with NULL for the layer's columns.",
    "SEMI JOIN": "Keeps the rows that have a match in a layer; adds no columns.",
    "ANTI JOIN": "Keeps the rows that have no match in a layer; adds no columns.",
    "INNER JOIN": "Another spelling of JOIN.",
    "ON TIME": "Which rows of two layers with time meet: EQUAL, SAME MONTH, AS OF, NEAREST, PRECEDING, …",
    "ON": "An ordinary condition on columns that rows must meet to be joined.",
    "USING": "The method that brings a finer layer to the grid: mean, min, max, sum, mode, …, or (band method, …).",
    "AT RESOLUTION": "Sets the H3 resolution of the query's grid; otherwise it is that of the layer after FROM.",
    "FILTER": "Keeps the rows for which a condition is true. Several are joined by AND.",
    "WHERE": "Another spelling of FILTER; in brackets behind an aggregate, the rows it takes.",
    "GROUP BY": "One row for each combination of these keys; SELECT then takes keys and aggregates.",
    "HAVING": "Keeps the groups for which a condition is true.",
    "QUALIFY": "Keeps the rows for which a condition on window functions is true.",
    "ORDER BY": "The order of the result's rows, or of a window's or an aggregate's.",
    "LIMIT": "At most so many rows.",
    "OFFSET": "Leaves out the first rows.",
    "SAMPLE": "A random share of the rows: SAMPLE 10 PERCENT.",
    "PERCENT": "The unit of SAMPLE.",
    "UNION ALL": "The rows of both queries.",
    "EXCEPT": "The rows of the first query that are not in the second.",
    "INTERSECT": "The rows that are in both queries.",
    "WITH": "Names queries for the one that follows: WITH name AS (query). With brackets, options.",
    "AS": "Gives a name to a column, a layer or a query.",
    "AT": "The state of a layer's data at an instant: per cell the latest valid value at or before it.",
    "VERSION": "An earlier state of the store: VERSION 3, or VERSION AT 'timestamp'.",
    "VERSION AT": "The state of the store at an instant.",
    # matches in time
    "EQUAL": "A row meets the row of the same instant.",
    "SAME": "A row meets every row in the same UTC bucket: SAME DAY, SAME MONTH, …",
    "AS OF": "A row meets the latest row at or before it.",
    "AS OF VALID": "A row meets the latest valid row at or before it, passing over NULL.",
    "NEXT": "A row meets the earliest row at or after it.",
    "NEAREST": "A row meets the closest row, or the n closest; on a tie the earlier.",
    "PRECEDING": "A window of time before each row, its bands aggregated; in a frame, rows before.",
    "FOLLOWING": "A window of time after each row, its bands aggregated; in a frame, rows after.",
    "AROUND": "A window of time on both sides of each row, its bands aggregated.",
    "ANY": "A row meets every row, whatever its time.",
    "VALID": "Passes over rows in which a band that the query names is NULL at the cell.",
    "HOUR": "Rows meet in the same hour, UTC.",
    "DAY": "Rows meet in the same day, UTC.",
    "DEKAD": "Rows meet in the same dekad: days 1 to 10, 11 to 20, and the rest of a month.",
    "WEEK": "Rows meet in the same ISO week.",
    "MONTH": "Rows meet in the same month.",
    "SEASON": "Rows meet in the same season: DJF, MAM, JJA or SON.",
    "YEAR": "Rows meet in the same year.",
    "TIME": "ON TIME says which rows meet; OVER TIME is a window per cell, ordered by time.",
    # conditions
    "AND": "True where both sides are.",
    "OR": "True where either side is.",
    "NOT": "True where the condition is false.",
    "IN": "Whether a value is in a list or a query's result; time IN '2024-05' tests a period.",
    "NOT IN": "Whether a value is not in a list or a query's result.",
    "BETWEEN": "Whether a value lies between two others, both included.",
    "NOT BETWEEN": "Whether a value does not lie between two others.",
    "LIKE": "Whether a text has a pattern: % is any characters, _ is one.",
    "NOT LIKE": "Whether a text does not have a pattern.",
    "ILIKE": "LIKE without regard to case.",
    "IS NULL": "Whether there is no value.",
    "IS NOT NULL": "Whether there is a value.",
    "IS TRUE": "Whether a condition is true, not NULL.",
    "IS FALSE": "Whether a condition is false, not NULL.",
    "IS DISTINCT FROM": "Whether two values differ; two NULLs do not.",
    "IS NOT DISTINCT FROM": "Whether two values are the same; two NULLs are.",
    "IS": "Tests for NULL, TRUE, FALSE or IS DISTINCT FROM.",
    "DURING": "Whether a time lies in a period: '2024-05/2024-09'; in ON TIME, the row whose step holds the time.",
    "NOT DURING": "Whether a time lies outside a period.",
    "BEFORE": "Whether a time lies before an instant or period.",
    "AFTER": "Whether a time lies after an instant or period.",
    "WITHIN": "Whether a cell's centre lies in a region; in ON TIME, how far a match may be.",
    "NOT WITHIN": "Whether a cell's centre lies outside a region.",
    # regions
    "BBOX": "A box: west, south, east, north in degrees; west above east crosses the antimeridian.",
    "POLYGON": "A polygon as well-known text, longitude first.",
    "GEOJSON": "A geometry, feature or collection as GeoJSON.",
    "FILE": "The polygons of a file: GeoJSON, GeoPackage, GeoParquet or Shapefile.",
    "CELL": "The cells below one cell, given by its 15 hexadecimal digits.",
    "DISK": "A cell and its neighbours up to k steps away.",
    "CIRCLE": "All within a distance of a point: longitude, latitude, '10 km'.",
    "POINT": "The cell that holds a point: longitude, latitude.",
    "ZONE": "The zones of a layer in which a column has a value: layer, column, 'value'.",
    "CELLS": "A stored set of cells.",
    # expressions
    "CASE": "The first value whose condition is true: CASE WHEN a THEN b ELSE c END.",
    "WHEN": "A condition of CASE.",
    "THEN": "The value of CASE where the condition is true.",
    "ELSE": "The value of CASE where no condition is true.",
    "END": "Ends CASE.",
    "CAST": "A value as another type: CAST(x AS integer), or x::integer.",
    "NULL": "No value.",
    "TRUE": "The truth value true.",
    "FALSE": "The truth value false.",
    "DISTINCT": "Each different row or value once.",
    "TIMESTAMP": "An instant: TIMESTAMP '2024-05-03T10:30Z'.",
    "DATE": "A date: DATE '2024-05-03'.",
    "INTERVAL": "A length of time: INTERVAL '14 days'.",
    "ASC": "Smallest first.",
    "DESC": "Largest first.",
    "NULLS FIRST": "NULL comes before all values.",
    "NULLS LAST": "NULL comes behind all values.",
    "FILTER (WHERE": "The rows that an aggregate takes: count(*) FILTER (WHERE ndvi > 0.5).",
    "OVER": "Makes a window function of a call: OVER (PARTITION BY … ORDER BY …), or OVER TIME.",
    "OVER TIME": "A window over the rows of a cell, ordered by time.",
    "PARTITION BY": "The rows that a window function sees together.",
    "ROWS": "A window's frame, counted in rows.",
    "RANGE": "A window's frame, by the distance of the ordering value.",
    "UNBOUNDED": "To the first or last row of a window's partition.",
    "UNBOUNDED PRECEDING": "From the first row of a window's partition.",
    "UNBOUNDED FOLLOWING": "To the last row of a window's partition.",
    "CURRENT ROW": "The row itself, as an end of a window's frame.",
    "BY": "In anomaly and baseline, the calendar period that values are compared within.",
    # statements
    "EXPLAIN": "What a query will do: plan, tiles, bytes and SQL; reads nothing.",
    "EXPLAIN ANALYZE": "Runs a query and says what it did, step by step.",
    "SHOW LAYERS": "All layers of the store.",
    "SHOW BANDS": "The bands of a layer.",
    "SHOW TIMES": "The times of a layer.",
    "SHOW VERSIONS": "The commits of a layer.",
    "SHOW FUNCTIONS": "All functions.",
    "SHOW CELLS": "All stored sets of cells.",
    "SHOW VIEWS": "All views.",
    "SHOW GRANTS": "Who may read and write what: rights on what is yours, and those given to you.",
    "SHOW SETTINGS": "All settings with their values.",
    "SHOW ATTACHED": "The servers whose layers this session reads.",
    "SHOW": "Lists what there is: layers, bands, times, versions, functions, grants, settings.",
    "DESCRIBE": "The columns of a layer or of a query's result, with types and units.",
    "CREATE LAYER": "Stores a query's result as a layer.",
    "CREATE VIEW": "Stores a query under a name.",
    "RASTER": "A raster that is read where it lies: CREATE VIEW name AS RASTER 'scene.tif'.",
    "CREATE CELLS": "Stores a query's cells as a set to filter with.",
    "CREATE OR REPLACE": "Like CREATE; what has the name already is replaced.",
    "CREATE": "Stores a layer, a view or a set of cells under a name.",
    "INSERT INTO": "Appends a query's result to a layer.",
    "INSERT OR REPLACE INTO": "Appends a query's result to a layer; what is there already is replaced.",
    "DROP LAYER": "Removes a layer.",
    "DROP VIEW": "Removes a view.",
    "DROP CELLS": "Removes a set of cells.",
    "DROP": "Removes a layer, a view or a set of cells.",
    "IF EXISTS": "No fault where there is nothing to drop.",
    "ALTER LAYER": "Renames a layer, sets what is known of it, or takes it back to an earlier version.",
    "RENAME TO": "The layer's new name.",
    "ALTER BAND": "Sets what is known of a band: ALTER BAND nir SET (unit '1').",
    "ALTER ATTRIBUTE": "Sets what is known of an attribute of points or zones.",
    "ROLLBACK TO VERSION": "The version whose rows and facts the layer shall have again; history goes on.",
    "COPY": "Writes a query's result to a file: COPY (query) TO 'out.parquet'.",
    "SET": "Sets a setting: SET name = value; or what is known of a layer.",
    "ATTACH": "Mounts the layers of another server for this session: ATTACH 'flight://host:port' AS name.",
    "DETACH": "Takes an attached server away again.",
    "GRANT": "Lets somebody read or write a layer, view or set of cells.",
    "REVOKE": "Takes a right back.",
    "READ": "The right to read a layer, view or set of cells.",
    "WRITE": "The right to add to a layer and to change what is told of it, and to read it.",
    "TO": "What something becomes, or where it goes.",
    "INTO": "The layer that INSERT appends to.",
    "LAYER": "A stored layer.",
    "VIEW": "A stored query.",
    "LAYERS": "All layers.",
    "BANDS": "The bands of a layer.",
    "TIMES": "The times of a layer.",
    "VERSIONS": "The commits of a layer.",
    "FUNCTIONS": "All functions.",
    "VIEWS": "All views.",
    "GRANTS": "Who may read and write what.",
    "SETTINGS": "All settings.",
    "ATTACHED": "The attached servers.",
    "OR REPLACE": "What is there already is replaced.",
    "REPLACE": "What is there already is replaced.",
    "RESOLUTION": "The H3 resolution of the query's grid.",
    "OUTER": "LEFT OUTER JOIN is LEFT JOIN.",
    "ALL": "UNION ALL keeps all rows of both queries.",
    "ROW": "CURRENT ROW is the row itself.",
    "OF": "AS OF is the latest row at or before.",
    "ANALYZE": "EXPLAIN ANALYZE runs the query and says what it did.",
    "EXISTS": "IF EXISTS: no fault where there is nothing.",
    "NULLS": "NULLS FIRST or NULLS LAST: where NULL comes in an order.",
    "FIRST": "NULLS FIRST: NULL comes before all values.",
    "LAST": "NULLS LAST: NULL comes behind all values.",
    "GROUP": "GROUP BY: one row for each combination of keys.",
    "ORDER": "ORDER BY: the order of rows.",
    "PARTITION": "PARTITION BY: the rows that a window function sees together.",
    "LEFT": "LEFT JOIN keeps rows without a match.",
    "SEMI": "SEMI JOIN keeps rows that have a match.",
    "ANTI": "ANTI JOIN keeps rows that have no match.",
    "INNER": "INNER JOIN is JOIN.",
    "UNION": "UNION ALL: the rows of both queries.",
    "CURRENT": "CURRENT ROW: the row itself, as an end of a window's frame.",
    "INSERT": "INSERT INTO: appends a query's result to a layer.",
    "ALTER": "ALTER LAYER: renames a layer, sets what is known of it, or takes it back to an earlier version.",
    "BAND": "ALTER BAND name SET (…): what is known of a band.",
    "ATTRIBUTE": "ALTER ATTRIBUTE name SET (…): what is known of an attribute.",
    "RENAME": "RENAME TO: gives a layer another name.",
    "ROLLBACK": "ROLLBACK TO VERSION: takes a layer back to an earlier version.",
    "IF": "IF EXISTS: no fault where there is nothing.",
}
_REGIONS = {"BBOX": "BBOX(", "DISK": "DISK(", "CIRCLE": "CIRCLE(", "POINT": "POINT(", "ZONE": "ZONE("}
_SHORTENED = {"SHOW", "CREATE", "DROP", "IS", "GROUP", "ORDER", "PARTITION", "LEFT", "SEMI", "ANTI", "INNER", "UNION",
              "CURRENT", "INSERT", "ALTER", "RENAME", "ROLLBACK", "IF", "NULLS"}  # fmt: skip
_AFTER = {  # longer than what is offered: the words that a first word needs to mean anything
    "TIMESTAMP": "''", "DATE": "''", "INTERVAL": "''", "UNBOUNDED": "PRECEDING", "SAME": "DAY",
}  # fmt: skip


@cache
def phrases() -> dict[str, tuple[str, ...]]:
    """By terminal, what is offered where it can stand: words that are written together as one."""
    terminals = tables().keywords
    found: dict[str, list[str]] = {terminal: [] for terminal in terminals.values()}
    for phrase in HELP:
        terminal = "FILTER_WHERE" if phrase == "FILTER (WHERE" else terminals[phrase.split()[0]]
        if phrase == "AT RESOLUTION":
            terminal = "AT_RESOLUTION"
        if phrase not in _SHORTENED:
            found.setdefault(terminal, []).append(_REGIONS.get(phrase, phrase))
    return {terminal: tuple(words) for terminal, words in found.items()}


def needed_after(phrase: str) -> str:
    """What must be able to follow a phrase for it to mean anything at a place."""
    return _AFTER.get(phrase, "")


@cache
def order() -> dict[str, int]:
    """The rank of a phrase among others: as in the table of help."""
    return {_REGIONS.get(phrase, phrase): rank for rank, phrase in enumerate(HELP)}


def help_on(words: tuple[str, ...], position: int) -> tuple[str, int, int] | None:
    """The longest phrase around a word that has help: the phrase, its first word, the one behind its last."""
    for size in range(min(4, len(words)), 0, -1):
        for first in range(max(0, position - size + 1), position + 1):
            phrase = " ".join(words[first : first + size]).replace("( ", "(")
            if first + size <= len(words) and phrase in HELP:
                return phrase, first, first + size
    return None
