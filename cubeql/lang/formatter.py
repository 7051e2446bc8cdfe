"""Text in its one form, and nodes as text."""

from __future__ import annotations

from cubeql.lang import nodes as n
from cubeql.lang.comments import place_comments
from cubeql.lang.layout import flat, laid_out
from cubeql.lang.parser import parse
from cubeql.lang.printing import Context, expression, query, statement
from cubeql.lang.tokens import tokenize


def format_text(text: str) -> str:
    """A script in the one form all scripts have: SQL order, a clause a line, keywords in upper case.

    Comments are kept. Statements end with ``;`` if any in the text does, the text with a line end.
    Formatting twice changes nothing, and the formatted text means the same.

    Raises:
        QueryError: the text has faults.
    """
    script = parse(text)
    lexed = tokenize(text)
    placed = place_comments(text, lexed.comments, script.statements)
    if not script.statements:
        return "".join(text[comment.start : comment.end].rstrip() + "\n" for comment in lexed.comments)
    context = Context(query, placed.before, placed.behind)
    end = ";" if any(token.text == ";" for token in lexed.tokens) else ""
    pieces = []
    for node in script.statements:
        doc = (context.lead(node), statement(context, node), end, context.tail(node))
        pieces.append(laid_out(doc))
    return "\n\n".join(pieces) + "\n"


def print_expr(node: n.Expr) -> str:
    """An expression on one line."""
    return flat(expression(Context(query), node))


def print_statement(node: n.Statement) -> str:
    """A statement on one line, without ``;``."""
    return flat(statement(Context(query), node))
