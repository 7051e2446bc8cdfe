"""Regions: what follows WITHIN."""

from __future__ import annotations

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.build.builder import Builder, lower, makes
from cubeql.lang.tokens import Token

ARGUMENTS = {
    "bbox": ("west", "south", "east", "north"),
    "disk": ("cell", "k"),
    "circle": ("longitude", "latitude", "radius"),
    "point": ("longitude", "latitude"),
    "zone": ("layer", "column", "value"),
}


@makes("region")
def region(builder: Builder, span: Span, kind: Token, written: n.Expr | tuple[n.Expr, ...]) -> n.Region:
    """A region by its kind; the number of its arguments is checked here."""
    name = lower(kind)
    args = written if isinstance(written, tuple) else (written,)
    needed = ARGUMENTS.get(name)
    if needed is not None and len(args) != len(needed):
        builder.report(
            "region_arguments",
            span,
            region=kind.text.upper(),
            found=len(args),
            count=len(needed),
            arguments=", ".join(needed),
        )
    elif name == "zone":
        for argument, what in zip(args[:2], ("layer", "column")):
            if not isinstance(argument, n.Name):
                builder.report("zone_argument", argument.span, what=what)
    return n.Region(name, args, span=span)


@makes("region_parameter")
def region_parameter(_: Builder, span: Span, parameter: n.Parameter) -> n.Region:
    """``$area``: a bound geometry."""
    return n.Region("parameter", (parameter,), span=span)
