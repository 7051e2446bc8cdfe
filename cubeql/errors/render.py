"""A diagnostic drawn for people: the line of text, a caret under the place, the hint."""

from __future__ import annotations

from cubeql.errors.diagnostic import Diagnostic
from cubeql.errors.span import line_column


def render(diagnostic: Diagnostic, text: str = "") -> str:
    """Several lines: severity, code and message; the source line with carets; the hint."""
    head = f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"
    lines = [head]
    if diagnostic.span is not None and text:
        lines += _excerpt(text, diagnostic.span.start, diagnostic.span.end)
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    if diagnostic.replacement is not None:
        lines.append(f"  replace with: {diagnostic.replacement}")
    return "\n".join(lines)


def _excerpt(text: str, start: int, end: int) -> list[str]:
    line, column = line_column(text, start)
    source = text.splitlines()[line - 1] if text.splitlines()[line - 1 :] else ""
    width = max(1, min(end - start, len(source) - column + 1))
    gutter = str(line)
    return [
        f" --> line {line}, column {column}",
        f" {gutter} | {source}",
        f" {' ' * len(gutter)} | {' ' * (column - 1)}{'^' * width}",
    ]
