"""Random syntax trees, each one a tree the parser can make."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cubeql.lang import nodes as n

RESERVED_LIKE = [
    "select",
    "From",
    "group",
    "time",
    "cell",
    "date",
    "timestamp",
    "interval",
    "if",
    "by",
    "limit",
    "at",
    "filter",
]
PLAIN = [
    "ndvi",
    "t2m",
    "s2",
    "elevation",
    "class",
    "month",
    "area",
    "mean",
    "version",
    "max",
    "Höhe",
    "x_1",
    "名前",
    "resolution",
]
ODD = ["leaf area", 'a"b', "1st", "b-c", "%", "two\nlines", "--", "'"]

names = st.sampled_from(PLAIN + RESERVED_LIKE + ODD)
words = st.sampled_from(["mean", "max", "mode", "sum", "area_mean", "first", "last", "any", "all", "count"])
paths = st.lists(names, min_size=1, max_size=3).map(tuple)
texts = st.one_of(
    st.sampled_from(
        ["", "2024", "2024-05/2024-09", "14 days", "it's", "a -- b", "/*", "line\nbreak  \n x", ";", '"']
    ),
    st.text(max_size=8),
)
strings = st.builds(n.String, texts)
integers = st.builds(n.Number, st.integers(0, 10**30))
numbers = integers | st.builds(n.Number, st.floats(0, allow_nan=False, allow_infinity=False))
# A run of ``?`` is numbered by place, which a random tree cannot know: see ``numbered``.
parameters = st.builds(n.Parameter, st.sampled_from(["p", "start", "Limit_1", "select"]))
typed_strings = st.builds(n.TypedString, st.sampled_from(["timestamp", "date", "interval"]), texts)
constants = strings | parameters
counts = integers | parameters
instants = constants | typed_strings.filter(lambda node: node.kind != "interval")
intervals = constants | typed_strings.filter(lambda node: node.kind == "interval")
leaves = st.one_of(
    st.builds(n.Name, paths),
    numbers,
    strings,
    st.builds(n.Boolean, st.booleans()),
    st.just(n.Null()),
    typed_strings,
    parameters,
)
OPERATORS = ["+", "-", "*", "/", "//", "%", "^", "||", "=", "<>", "<", "<=", ">", ">=", "and", "or"]
OPERATORS += ["is distinct from", "is not distinct from"]
TYPES = ["integer", "double", "decimal(10, 2)", "timestamp", "date", "varchar", "interval"]
UNITS = ["hour", "day", "dekad", "week", "month", "season", "year"]
FUNCTIONS = [
    "count",
    "avg",
    "cell",
    "max",
    "date",
    "latest",
    "date_trunc",
    "left",
    "replace",
    "interval",
    "unbounded",
]


def several(of: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples."""
    return st.lists(of, min_size=least, max_size=most).map(tuple)


def distinct(of: st.SearchStrategy[Any], name: str, least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples of nodes no two of which have the same name."""
    nodes = st.lists(of, min_size=least, max_size=3)
    return nodes.map(lambda found: tuple({getattr(node, name).casefold(): node for node in found}.values()))


def maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value or None."""
    return st.none() | of


def sort_keys(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.SortKey]:
    return st.builds(n.SortKey, exprs, st.booleans(), st.sampled_from([None, "first", "last"]))


bound_values = numbers | intervals
START_BOUNDS = st.one_of(
    st.sampled_from([("unbounded", None), ("current", None)]), st.tuples(st.just("preceding"), bound_values)
)
END_BOUNDS = st.one_of(
    st.sampled_from([("unbounded", None), ("current", None)]), st.tuples(st.just("following"), bound_values)
)
frames = st.builds(n.Frame, st.sampled_from(["rows", "range"]), START_BOUNDS, END_BOUNDS)


def overs(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Over]:
    return st.builds(
        n.Over, several(exprs, most=2), several(sort_keys(exprs), most=2), maybe(frames)
    ) | st.builds(n.Over, frame=maybe(frames), time=st.just(True))


def calls(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Call]:
    name = st.sampled_from(FUNCTIONS)
    rest = {"filter": maybe(exprs), "over": maybe(overs(exprs))}
    return st.one_of(
        st.builds(n.Call, name, **rest),
        st.builds(n.Call, name, st.tuples(st.builds(n.Star, several(names, most=1))), **rest),
        st.builds(
            n.Call,
            name,
            several(exprs, 1),
            st.booleans(),
            several(sort_keys(exprs), most=2),
            by=maybe(st.sampled_from(["month", "doy", "cell"])),
            **rest,
        ),
    )


def regions(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Region]:
    def of(kind: str, *args: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Region]:
        return st.builds(n.Region, st.just(kind), st.tuples(*args))

    column = st.builds(n.Name, paths)
    return st.one_of(
        of("bbox", exprs, exprs, exprs, exprs),
        *[of(kind, constants) for kind in ("polygon", "geojson", "file", "cell")],
        of("disk", exprs, exprs),
        of("circle", exprs, exprs, exprs),
        of("point", exprs, exprs),
        of("zone", column, column, exprs),
        of("cells", column),
        of("parameter", parameters),
    )


def cases(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Case]:
    return st.builds(n.Case, several(st.tuples(exprs, exprs), 1, 2), maybe(exprs), maybe(exprs))


def time_tests(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.TimeTest]:
    return st.builds(
        n.TimeTest, exprs, st.sampled_from(["during", "in"]), constants, st.booleans()
    ) | st.builds(n.TimeTest, exprs, st.sampled_from(["before", "after"]), exprs, st.booleans())


def grown(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Expr]:
    """Expressions one step larger."""
    flag = st.booleans()
    return st.one_of(
        st.builds(n.Unary, st.sampled_from(["-", "+", "not"]), exprs),
        st.builds(n.Binary, st.sampled_from(OPERATORS), exprs, exprs),
        st.builds(n.Between, exprs, exprs, exprs, flag),
        st.builds(n.InList, exprs, several(exprs, 1), flag),
        st.builds(n.InQuery, exprs, small_queries, flag),
        st.builds(n.Like, exprs, exprs, flag, flag),
        st.builds(n.IsNull, exprs, flag),
        cases(exprs),
        st.builds(n.Cast, exprs, st.sampled_from(TYPES)),
        st.builds(n.ListOf, several(exprs)),
        calls(exprs),
        st.builds(n.Within, exprs, regions(exprs), flag),
        time_tests(exprs),
    )


# ------------------------------------------------------------------ queries


def layer_sources() -> st.SearchStrategy[n.LayerSource]:
    version = st.fixed_dictionaries({}, optional={"version": counts}) | st.fixed_dictionaries(
        {"version_at": instants}
    )
    return st.builds(
        lambda name, at, alias, versions: n.LayerSource(name, at, alias=alias, **versions),
        paths,
        maybe(instants),
        maybe(names),
        version,
    )


def sources(queries: st.SearchStrategy[n.Query]) -> st.SearchStrategy[n.Source]:
    return layer_sources() | st.builds(n.QuerySource, queries, maybe(names))


time_matches = st.one_of(
    st.builds(n.TimeMatch, st.sampled_from(["equal", "any", "during"])),
    st.builds(
        n.TimeMatch,
        st.just("same"),
        st.sampled_from(UNITS),
    ),
    st.builds(
        n.TimeMatch, st.sampled_from(["as_of", "next"]), interval=maybe(intervals), valid=st.booleans()
    ),
    st.builds(
        n.TimeMatch, st.just("nearest"), count=maybe(counts), interval=maybe(intervals), valid=st.booleans()
    ),
    st.builds(n.TimeMatch, st.sampled_from(["preceding", "following", "around"]), interval=intervals),
)
usings = st.builds(n.Using, words).map(lambda using: (using,)) | distinct(
    st.builds(n.Using, words, names), "band", 1
)


def joins(exprs: st.SearchStrategy[n.Expr], queries: st.SearchStrategy[n.Query]) -> st.SearchStrategy[n.Join]:
    kind = st.sampled_from(["inner", "left", "semi", "anti"])
    return st.builds(n.Join, sources(queries), kind, maybe(time_matches), maybe(exprs), usings | st.just(()))


def select_items(exprs: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.SelectItem]:
    return st.builds(n.SelectItem, exprs, maybe(names)) | st.builds(
        n.SelectItem, st.builds(n.Star, several(names, most=2))
    )


def ctes(queries: st.SearchStrategy[n.Query]) -> st.SearchStrategy[tuple[n.Cte, ...]]:
    return distinct(st.builds(n.Cte, names, queries), "name")


def selects(
    exprs: st.SearchStrategy[n.Expr], queries: st.SearchStrategy[n.Query]
) -> st.SearchStrategy[n.Select]:
    return st.builds(
        n.Select,
        several(select_items(exprs), 1),
        sources(queries),
        st.booleans(),
        maybe(counts),
        several(joins(exprs, queries), most=2),
        several(exprs, most=2),
        several(st.builds(n.GroupKey, exprs, maybe(names)), most=2),
        maybe(exprs),
        maybe(exprs),
        several(sort_keys(exprs), most=2),
        maybe(counts),
        maybe(counts),
        maybe(counts),
        ctes(queries),
    )


def set_operations(
    exprs: st.SearchStrategy[n.Expr], queries: st.SearchStrategy[n.Query]
) -> st.SearchStrategy[n.SetOperation]:
    return st.builds(
        n.SetOperation,
        st.sampled_from(["union all", "except", "intersect"]),
        queries,
        queries,
        several(sort_keys(exprs), most=2),
        maybe(counts),
        maybe(counts),
        ctes(queries),
    )


small_queries: st.SearchStrategy[n.Query] = st.builds(
    n.Select,
    several(select_items(leaves), 1, 2),
    layer_sources(),
    filters=several(leaves, most=1),
    limit=maybe(counts),
)
expressions: st.SearchStrategy[n.Expr] = st.recursive(leaves, grown, max_leaves=8)
queries: st.SearchStrategy[n.Query] = st.recursive(
    small_queries, lambda inner: selects(expressions, inner) | set_operations(leaves, inner), max_leaves=4
)

# ------------------------------------------------------------------ statements

options = distinct(
    st.builds(n.Option, st.sampled_from(["crs", "size", "left", "date_", "version"]), expressions), "name"
)
rasters = st.builds(n.String, texts)
KINDS = st.sampled_from(["layer", "view", "cells"])


def _create(kind: str, name: Any, query: n.Query, replace: bool, given: tuple[n.Option, ...]) -> n.Create:
    return n.Create(kind, name, query, replace, given if kind == "layer" else ())  # type: ignore[arg-type]


statements: st.SearchStrategy[n.Statement] = st.one_of(
    st.builds(n.QueryStatement, queries),
    st.builds(n.Explain, queries, st.booleans()),
    st.builds(
        n.Show,
        st.sampled_from(["layers", "functions", "cells", "views", "grants", "settings"]),
        like=maybe(texts),
    ),
    st.builds(n.Show, st.sampled_from(["bands", "times", "versions"]), paths),
    st.builds(n.Describe, paths),
    st.builds(n.Describe, query=queries),
    st.builds(_create, KINDS, paths, queries, st.booleans(), options),
    st.builds(n.Insert, paths, queries, st.booleans()),
    st.builds(n.Drop, KINDS, paths, st.booleans()),
    st.builds(n.CreateRaster, paths, rasters | st.builds(n.ListOf, several(rasters, 1, 3)), st.booleans(), options),
    st.builds(n.Alter, paths, rename_to=paths),
    st.builds(n.Alter, paths, options=options.filter(bool)),
    st.builds(
        n.Alter, paths, options=options.filter(bool), column=names, column_kind=st.sampled_from(("band", "attribute"))
    ),
    st.builds(n.Rollback, paths, version=counts),
    st.builds(n.Rollback, paths, version_at=instants),
    st.builds(n.Copy, queries, constants, options),
    st.builds(n.Grant, st.sampled_from(["read", "write"]), paths, names, st.booleans()),
    st.builds(n.Attach, constants, names, options),
    st.builds(n.Detach, names),
    st.builds(n.SetOption, st.sampled_from(["timeout", "select", "max rows"]), expressions),
)
