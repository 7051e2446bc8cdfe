"""The shape of a function row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cubeql.values.types import Type, TypeName

Result = Type | Callable[[tuple[Type, ...]], Type]


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language.

    Attributes:
        name: as written in a query, lower case.
        family: the group it is documented under.
        params: types its arguments must have.
        result: its type, or a rule from the argument types to it.
        sql: template of its SQL text; ``{0}``, ``{1}`` … stand for the arguments, ``{args}`` for all of them.
        summary: one line of help.
        kind: ``scalar``, ``aggregate`` or ``window`` (only legal with OVER).
        optional: how many of the last ``params`` may be left out.
        variadic: the last parameter may be repeated.
        refuses_classes: an argument that is a class code is an error (a mean of codes means nothing).
        same_unit: all numeric arguments must be in one unit.
        parameter_names: names for help and errors, one each of ``params``.
        short_sql: the template where the optional arguments are left out; None takes ``sql`` then, too.
        may_be_undefined: an aggregate that has no value for some groups (one row, no spread): NULL then.
        parts: templates of the aggregates that ``sql`` puts together, where it takes several; the arguments are theirs.
    """

    name: str
    family: str
    params: tuple[TypeName, ...]
    result: Result
    sql: str
    summary: str
    kind: Literal["scalar", "aggregate", "window"] = "scalar"
    optional: int = 0
    variadic: bool = False
    refuses_classes: bool = False
    same_unit: bool = False
    parameter_names: tuple[str, ...] = ()
    short_sql: str | None = None
    may_be_undefined: bool = False
    parts: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """The call as help shows it: ``quantile(x number, q number)``."""
        labels = self.parameter_names or tuple("xyzuvw"[: len(self.params)])
        parts = [f"{n} {t}" for n, t in zip(labels, self.params, strict=False)]
        if self.optional:
            first = len(parts) - self.optional
            parts = [p if i < first else f"[{p}]" for i, p in enumerate(parts)]
        return f"{self.name}({', '.join(parts)}{', …' if self.variadic else ''})"

    def template(self, count: int) -> str:
        """The SQL template of a call with so many arguments."""
        return self.short_sql if self.short_sql is not None and count < len(self.params) else self.sql

    def result_type(self, args: tuple[Type, ...]) -> Type:
        """The type of a call with arguments of these types."""
        return self.result if isinstance(self.result, Type) else self.result(args)


def first(args: tuple[Type, ...]) -> Type:
    """Result rule: the type of the first argument, unit and classes included."""
    return args[0]


def first_number(args: tuple[Type, ...]) -> Type:
    """Result rule: a number in the unit of the first argument."""
    return Type("number", unit=args[0].unit if args else None)


def listed(args: tuple[Type, ...]) -> Type:
    """Result rule: a list of the first argument's type."""
    return Type("list", element=args[0])
