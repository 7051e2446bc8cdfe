"""Puts the parse tables into the wheel, so that an installed CubeQL never compiles its grammar."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GrammarTables(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles ``grammar/`` while a wheel is built; an editable install compiles it at its first query."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the tables and name their place in the wheel."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from cubeql.lang.compile_grammar import compile_grammar
        from cubeql.lang.tables import FORMAT, grammar_hash, save

        self._folder = TemporaryDirectory()
        file = Path(self._folder.name) / "tables.json"
        if not save({"format": FORMAT, "hash": grammar_hash(), **compile_grammar()}, file):
            raise OSError(f"the parse tables cannot be written to {file}")
        build_data["force_include"][str(file)] = "cubeql/_grammar/tables.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Drop the temporary file."""
        if version != "editable":
            self._folder.cleanup()
