"""Views: the text of a query lies in the name itself."""

from __future__ import annotations

from cubeql.errors import StoreError
from cubeql.storage.naming import Named


def view_of(name: str, query: str) -> Named:
    """What the name of a view says."""
    return Named("view", name, facts={"query": query})


def query_of(named: Named) -> str:
    """The text of a view's query.

    Raises:
        StoreError: the name does not hold it.
    """
    query = named.facts.get("query")
    if not isinstance(query, str):
        raise StoreError(f"the view {named.name} cannot be read: its name holds no query")
    return query
