"""``baseline``, ``anomaly`` and ``standardized_anomaly``: joins with a query that the statement does not write.

A call becomes columns of an added source: the layer of its value, over the rows of the period, grouped by cell,
calendar bucket and dimensions. The query's FILTER does not reach those rows. Calls of one layer, period and bucket
share a source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cubeql.analyze.bound import (
    GRID,
    Aggregate,
    Apply,
    Bound,
    BoundJoin,
    BoundSelect,
    BoundSource,
    Column,
    Constant,
    Item,
    Key,
    LayerRef,
    OutputColumn,
    QueryRef,
    rewrite,
    walk,
)
from cubeql.analyze.checks import check_arguments
from cubeql.analyze.constants import range_constant
from cubeql.analyze.scope import Scope, cell_column, source_columns
from cubeql.errors import Span
from cubeql.functions import Function
from cubeql.functions.climate import BUCKETS
from cubeql.functions.registry import FUNCTIONS, operator
from cubeql.lang import nodes, print_expr
from cubeql.values.times import TimeRange
from cubeql.values.types import ANY, BOOLEAN, TIMESTAMP, Type

if TYPE_CHECKING:
    from cubeql.analyze.expressions import Binder


@dataclass(slots=True)
class Baseline:
    """An added source: what is asked of one source over one period.

    Attributes:
        number: of the added source.
        source: number of the source whose rows it reads.
        times: the period.
        by: the calendar function whose value a bucket shares; None takes the whole period.
        values: what its columns hold, by name; aggregates of columns of ``source``.
    """

    number: int
    source: int
    times: TimeRange
    by: str | None
    values: dict[str, Aggregate] = field(default_factory=dict)

    def column(self, function: str, x: Bound, written: str) -> Column:
        """The column that holds an aggregate of a value over the period."""
        unit = Type("number", unit=x.type.unit)
        call = Aggregate(unit, FUNCTIONS[function], (x,))
        known = next((name for name, value in self.values.items() if value == call), None)
        name = known or (written if written not in self.values else f"{written} {len(self.values)}")
        self.values[name] = call
        return Column(unit, self.number, name, span=x.span)

    def joined(self, scope: Scope) -> tuple[BoundSource, BoundJoin]:
        """The added source, and how rows of the query meet it: by cell, bucket and dimensions; all rows are kept."""
        read = scope.sources[self.source]
        keys = {name: key for name, key in self._keys(read) if name != "cell"}
        on = tuple(
            Apply(BOOLEAN, operator("="), (_of(key, 0, self.source), Column(key.type, self.number, name)))
            for name, key in keys.items()
        )
        query = self._query(read, scope.resolution)
        return QueryRef(f"baseline of {read.alias}", query), BoundJoin(self.number, "left", None, on)

    def _keys(self, read: BoundSource, resolution: int | None = None) -> list[tuple[str, Bound]]:
        keys: list[tuple[str, Bound]] = [("cell", _cell(read, resolution))]
        if self.by is not None:
            function = FUNCTIONS[self.by]
            keys.append((f"{self.by}(time)", Apply(function.result_type((TIMESTAMP,)), function, (_time(),))))
        if isinstance(read, LayerRef):
            columns = source_columns(read)
            # Forecasts of all issues make one climate.
            named = [d.name for d in read.layer.dimensions if d.type != "timestamp"]
            keys += [(n, Column(columns[n], 0, n)) for n in named]
        return keys

    def _query(self, read: BoundSource, grid: int | None) -> BoundSelect:
        """The rows of the period, one row a cell, bucket and combination of dimensions."""
        resolution = grid
        if isinstance(read, LayerRef) and grid is not None:
            resolution = min(read.layer.resolution, grid)
        keys = self._keys(read, resolution)
        items = [Item(name, Key(key.type, n)) for n, (name, key) in enumerate(keys)]
        items += [Item(name, _of(call, self.source, 0)) for name, call in self.values.items()]
        return BoundSelect(
            columns=tuple(OutputColumn(i.name, i.expr.type) for i in items),
            sources=(read,),
            joins=(),
            resolution=resolution,
            filters=self._period(),
            group_by=tuple(key for _, key in keys),
            items=tuple(items),
        )

    def _period(self) -> tuple[Bound, ...]:
        ends = ((">=", self.times.start), ("<", self.times.end))
        return tuple(
            Apply(BOOLEAN, operator(name), (_time(), Constant(TIMESTAMP, end))) for name, end in ends if end is not None
        )


def _time() -> Column:
    return Column(TIMESTAMP, 0, "time")


def _cell(read: BoundSource, resolution: int | None) -> Column:
    name = cell_column(read)
    if name is None:
        return Column(Type("cell", resolution=resolution), GRID, "cell")
    return Column(source_columns(read)[name], 0, name)


def _of(expr: Bound, source: int, wanted: int) -> Bound:
    """The expression with columns of one source read from another number."""

    def moved(part: Bound) -> Bound | None:
        return Column(part.type, wanted, part.name) if isinstance(part, Column) and part.source == source else None

    return rewrite(expr, moved)


# ------------------------------------------------------------------ calls


def bind_baseline(binder: Binder, function: Function, call: nodes.Call) -> Bound:
    """A bound call; a NULL with the fault noted where it is at fault."""
    context = binder.context
    missing = Constant(ANY, None, span=call.span)
    inner = binder.within(aggregates=False, windows=False)
    x, *rest = (inner.bind(a) for a in call.args) if call.args else (missing,)
    fits = check_arguments(context, function, (x, *rest) if call.args else (), call.span)
    if binder.clause == "ON":
        context.fault("not_supported", call.span, construct=f"{function.name} in ON", suggestion="test it in FILTER")
        return missing
    if call.by is not None and call.by not in BUCKETS:
        context.fault("unknown_time_unit", call.span, name=call.by, units=", ".join(BUCKETS))
        return missing
    times = range_constant(context, call.args[1]) if fits else None
    if times is None or x.type == ANY or not _is_of_one_source(binder, function, x, call.span):
        return missing
    source = next(p.source for p in walk(x) if isinstance(p, Column))
    return _against(_asked(binder.scope, source, times, call.by), function.name, x, call)


def _is_of_one_source(binder: Binder, function: Function, x: Bound, span: Span) -> bool:
    """Whether the value reads one source that has times and cells; notes where it does not."""
    context, scope = binder.context, binder.scope
    read = {p.source for p in walk(x) if isinstance(p, Column)}
    if any(number >= len(scope.sources) for number in read) and scope.sources:
        context.fault("baseline_in_baseline", span, name=function.name)
        return False
    if len(read) != 1 or GRID in read or not scope.sources:
        context.fault("baseline_of_one_source", span, name=function.name, given=_given(scope, read))
        return False
    source = scope.sources[next(iter(read))]
    if source_columns(source).get("time", ANY).name != "timestamp":
        context.fault("baseline_needs_time", span, name=function.name, source=source.alias)
        return False
    return _has_cells(binder, function, source, span)


def _given(scope: Scope, read: set[int]) -> str:
    names = [scope.sources[n].alias for n in sorted(read) if 0 <= n < len(scope.sources)]
    cell = ["the query's cell"] if GRID in read else []
    parts = [*(f"'{n}'" for n in names), *cell]
    return f"reads {' and '.join(parts)}" if parts else "reads none"


def _has_cells(binder: Binder, function: Function, source: BoundSource, span: Span) -> bool:
    if isinstance(source, LayerRef):
        return True
    if not isinstance(source, QueryRef):
        hint = "compute the value in a WITH query that selects cell, time and the value"
        binder.context.fault("not_supported", span, construct=f"{function.name} of '{source.alias}'", suggestion=hint)
        return False
    name = cell_column(source)
    if name is None:
        binder.context.fault("cell_needed", span, what=function.name)
    elif source_columns(source)[name].resolution is None:
        binder.context.fault("cell_of_any_resolution", span, what=function.name)
    else:
        return True
    return False


def _asked(scope: Scope, source: int, times: TimeRange, by: str | None) -> Baseline:
    """The added source of a period, made where there is none yet."""
    bucket = BUCKETS[by][0] if by is not None else None
    for known in scope.baselines:
        if (known.source, known.times, known.by) == (source, times, bucket):
            return known
    made = Baseline(len(scope.sources) + len(scope.baselines), source, times, bucket)
    scope.baselines.append(made)
    return made


def _against(asked: Baseline, name: str, x: Bound, call: nodes.Call) -> Bound:
    """The call over columns of the added source."""
    written = ", ".join(print_expr(a) for a in call.args) + (f", BY {call.by}" if call.by else "")
    mean = asked.column("avg", x, f"baseline({written})")
    if name == "baseline":
        return mean
    difference = Apply(Type("number", unit=x.type.unit), operator("-"), (x, mean), span=call.span)
    if name == "anomaly":
        return difference
    deviation = asked.column("stddev", x, f"deviation({written})")
    return Apply(Type("number", unit="1"), operator("/"), (difference, deviation), span=call.span)
