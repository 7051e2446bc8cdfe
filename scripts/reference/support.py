"""What the language can do today, asked of the code: a construct works when the compiler or the engine takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cubeql.analyze.expressions import CASTS
from cubeql.analyze.sources import METHODS
from cubeql.catalog.protocol import MemoryCatalog
from cubeql.catalog.records import CellSet
from cubeql.cli.output.formats import FORMATS
from cubeql.compiler import compile_query
from cubeql.engine.copying import WRITERS
from cubeql.engine.statements.handlers import handler_of
from cubeql.errors import QueryError
from cubeql.functions import FUNCTIONS
from cubeql.lang import nodes, parse_statement
from cubeql.plan.rules import RULES
from cubeql.service.keywords import HELP
from cubeql.values.units import UNITS
from reference.markdown import page, table
from tests.support.cube import VIEWS, tiny_cube
from tests.support.rows import tiny_rows
from tests.support.zones import tiny_zones

CLAUSES = {
    "SELECT": "SELECT red FROM fine", "DISTINCT": "SELECT DISTINCT red FROM fine", "FROM": "FROM fine SELECT red",
    "WITH": "WITH a AS (SELECT cell, red FROM fine) SELECT red FROM a",
    "AT": "SELECT red FROM fine AT '2024-05-03'", "VERSION": "SELECT red FROM fine VERSION 0",
    "VERSION AT": "SELECT red FROM fine VERSION AT '2030-01-01'",
    "AT RESOLUTION": "FROM fine AT RESOLUTION 6 SELECT red", "JOIN": "FROM fine JOIN far SELECT relief",
    "LEFT JOIN": "FROM fine LEFT JOIN far SELECT relief", "SEMI JOIN": "FROM fine SEMI JOIN far SELECT red",
    "ANTI JOIN": "FROM fine ANTI JOIN far SELECT red", "ON TIME": "FROM fine JOIN twin ON TIME EQUAL SELECT v",
    "ON": "FROM fine JOIN far ON relief > 3 SELECT red", "USING": "FROM fine JOIN finer USING max SELECT elevation",
    "FILTER": "FROM fine FILTER red > 0 SELECT red", "WHERE": "SELECT red FROM fine WHERE red > 0",
    "GROUP BY": "SELECT cell, max(red) AS m FROM fine GROUP BY cell",
    "HAVING": "SELECT cell, max(red) AS m FROM fine GROUP BY cell HAVING count(*) > 1",
    "QUALIFY": "SELECT red FROM fine QUALIFY row_number() OVER TIME = 1",
    "ORDER BY": "SELECT red FROM fine ORDER BY red", "LIMIT": "SELECT red FROM fine LIMIT 3",
    "OFFSET": "SELECT red FROM fine OFFSET 3", "SAMPLE": "SELECT red FROM fine SAMPLE 10 PERCENT",
    "UNION ALL": "SELECT red FROM fine UNION ALL SELECT nir FROM fine",
    "EXCEPT": "SELECT cell FROM fine EXCEPT SELECT cell FROM twin",
    "INTERSECT": "SELECT cell FROM fine INTERSECT SELECT cell FROM twin",
    "OVER": "SELECT rank() OVER (ORDER BY red) AS r FROM fine", "OVER TIME": "SELECT rank() OVER TIME AS r FROM fine",
    "ROWS": "SELECT avg(red) OVER TIME ROWS 3 PRECEDING AS m FROM fine",
    "RANGE": "SELECT avg(red) OVER TIME RANGE '30 days' PRECEDING AS m FROM fine",
    "FILTER (WHERE": "SELECT count(*) FILTER (WHERE red > 0) AS n FROM fine",
}  # fmt: skip
MATCHES = {
    "EQUAL": "EQUAL", "SAME": "SAME MONTH", "AS OF": "AS OF WITHIN '3 days'", "AS OF VALID": "AS OF VALID",
    "NEXT": "NEXT", "NEAREST": "NEAREST 2 WITHIN '3 days'", "PRECEDING": "PRECEDING '3 days'",
    "FOLLOWING": "FOLLOWING '3 days'", "AROUND": "AROUND '3 days'", "DURING": "DURING", "ANY": "ANY",
}  # fmt: skip
REGIONS = {
    "BBOX": "BBOX(10, 47, 12, 49)", "POLYGON": "POLYGON 'POLYGON ((10 47, 12 47, 12 49, 10 47))'",
    "GEOJSON": """GEOJSON '{"type": "Point", "coordinates": [11, 48]}'""", "FILE": "FILE 'aoi.geojson'",
    "CELL": "CELL '851f8d47fffffff'", "DISK": "DISK('851f8d47fffffff', 1)", "CIRCLE": "CIRCLE(11, 48, '10 km')",
    "POINT": "POINT(11, 48)", "ZONE": "ZONE(districts, name, 'core')", "CELLS": "CELLS saved",
}  # fmt: skip
STATEMENTS = {
    "EXPLAIN": "EXPLAIN SELECT red FROM fine", "EXPLAIN ANALYZE": "EXPLAIN ANALYZE SELECT red FROM fine",
    "SHOW LAYERS": "SHOW LAYERS", "SHOW BANDS": "SHOW BANDS fine", "SHOW TIMES": "SHOW TIMES fine",
    "SHOW VERSIONS": "SHOW VERSIONS fine", "SHOW FUNCTIONS": "SHOW FUNCTIONS", "SHOW CELLS": "SHOW CELLS",
    "SHOW VIEWS": "SHOW VIEWS", "SHOW GRANTS": "SHOW GRANTS", "SHOW SETTINGS": "SHOW SETTINGS",
    "DESCRIBE": "DESCRIBE fine",
    "CREATE LAYER": "CREATE LAYER a AS SELECT cell, red FROM fine",
    "CREATE VIEW": "CREATE VIEW a AS SELECT cell, red FROM fine",
    "CREATE CELLS": "CREATE CELLS a AS SELECT cell FROM fine",
    "INSERT INTO": "INSERT INTO fine SELECT cell, time, red FROM fine", "DROP LAYER": "DROP LAYER fine",
    "DROP VIEW": "DROP VIEW a", "DROP CELLS": "DROP CELLS a", "ALTER LAYER": "ALTER LAYER fine RENAME TO b",
    "RENAME TO": "ALTER LAYER fine RENAME TO b", "ROLLBACK TO VERSION": "ALTER LAYER fine ROLLBACK TO VERSION 0",
    "COPY": "COPY (SELECT red FROM fine) TO 'a.csv'",
    "SET": "SET threads = 2", "GRANT": "GRANT READ ON fine TO ann", "REVOKE": "REVOKE READ ON fine FROM ann",
}  # fmt: skip


def _catalog() -> MemoryCatalog:
    records = [layer.record for layer in (*tiny_cube().values(), *tiny_rows().values(), *tiny_zones().values())]
    saved = CellSet("saved", 7, 3)
    return MemoryCatalog(records, VIEWS, [saved])


def compiles(text: str, catalog: MemoryCatalog) -> bool:
    """Whether a query is taken; a fault other than ``not_supported`` is the fault of the probe."""
    try:
        compile_query(text, catalog)
    except QueryError as error:
        codes = {d.code for d in error.diagnostics}
        if codes != {"not_supported"}:
            raise SystemExit(f"the probe is at fault, not the language: {text}\n{error}") from None
        return False
    return True


def runs(text: str) -> bool:
    """Whether a kind of statement has something that runs it."""
    statement = parse_statement(text)
    if isinstance(statement, nodes.Show):
        from cubeql.engine.statements.listings import SHOWN

        return statement.what in SHOWN
    return handler_of(statement) is not None


def pages() -> dict[str, str]:
    """Text by path below the reference."""
    catalog = _catalog()
    match = "FROM fine JOIN rain ON TIME {} SELECT precip"
    region = "SELECT red FROM fine FILTER cell WITHIN {}"
    parts = [
        "What this version can do, asked of its own tables and compiler. The grammar knows all of it; what is marked\n"
        "*not yet* is refused by name.",
        _section("Statements", STATEMENTS, runs),
        _section("Queries", CLAUSES, lambda t: compiles(t, catalog)),
        _section("ON TIME", MATCHES, lambda t: compiles(match.format(t), catalog)),
        _section("Regions, after WITHIN", REGIONS, lambda t: compiles(region.format(t), catalog)),
        *_lists(),
    ]
    return {"support.md": page("What is supported", *parts)}


def _section(title: str, probes: dict[str, str], works: Callable[[str], bool]) -> str:
    rows = ((f"`{phrase}`", HELP[phrase], "yes" if works(text) else "not yet") for phrase, text in probes.items())
    return f"## {title}\n\n" + table(("", "what it does", "supported"), rows)


def _lists() -> Iterable[str]:
    families: dict[str, list[str]] = {}
    for function in FUNCTIONS.values():
        families.setdefault(function.family, []).append(f"[`{function.name}`](functions/{function.name}.md)")
    yield "## Functions\n\n" + table(("family", "functions"), ((f, ", ".join(n)) for f, n in families.items()))
    yield "## Methods, after USING\n\n" + _words(METHODS)
    yield "## Types, in CAST\n\n" + _words(CASTS)
    yield "## Units with spellings of their own\n\nAll others are read as UDUNITS writes them.\n\n" + _words(
        unit.name for unit, _ in UNITS
    )
    yield "## Files\n\n`COPY` writes " + _words(WRITERS) + "; the command line writes " + _words(
        f.name for f in FORMATS if f.name and f.name != "none"
    ) + " too."
    yield "## Rules of the optimiser\n\nIn the order in which they are applied: " + _words(r.__name__ for r in RULES)


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{w}`" for w in words)
