"""A start without pandas."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def start_without_pandas() -> None:
    """Settle, before anything else does, that pyarrow need not know pandas in this process.

    At its first array pyarrow imports pandas, to recognise data frames that nobody on a command line can
    pass; that is a third of the time a short statement takes. It looks once: when the import fails then, it
    never looks again. Everything else may import pandas later as it likes.
    """
    if "pyarrow" in sys.modules or "pandas" in sys.modules:
        return  # somebody's program calls main(); leave its libraries alone
    sys.meta_path.insert(0, _NoPandas)
    try:
        import pyarrow

        pyarrow.array([0])
    finally:
        sys.meta_path.remove(_NoPandas)


class _NoPandas:
    """A finder that refuses pandas."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError("not needed here")
