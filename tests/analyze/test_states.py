"""Which version of a layer a statement reads: what a store refuses is told apart from versions that never were."""

from __future__ import annotations

import pytest

from cubeql.catalog import Band, Layer, MemoryCatalog
from cubeql.compiler import compile_query
from cubeql.errors import QueryError, StoreError, VersionUnknown

LAYER = Layer("grid", 5, (Band("v", "int16"),))


class Failing(MemoryCatalog):
    """A catalog that answers for the latest version, and fails for others."""

    def __init__(self, fault: StoreError) -> None:
        super().__init__([LAYER])
        self._fault = fault

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The latest version."""
        if version is not None:
            raise self._fault
        return super().layer(name)


def test_store_that_fails_is_not_told_as_a_version_that_never_was() -> None:
    with pytest.raises(StoreError, match="does not answer"):
        compile_query("SELECT v FROM grid VERSION 9", Failing(StoreError("the server does not answer")))


def test_version_that_never_was_is_a_fault_of_the_statement() -> None:
    with pytest.raises(QueryError) as caught:
        compile_query("SELECT v FROM grid VERSION 9", Failing(VersionUnknown("versions 0 to 3")))
    assert [d.code for d in caught.value.diagnostics] == ["unknown_version"]
