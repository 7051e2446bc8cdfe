"""Where the grammar's files are, and their fingerprint."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

MAIN_FILE = "cubeql.lark"


@cache
def grammar_folder() -> Path:
    """The folder of the grammar: inside the package (wheel) or beside it (checkout, editable install).

    Raises:
        FileNotFoundError: the installation is broken.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_grammar", package.parent / "grammar"):
        if (folder / MAIN_FILE).is_file():
            return folder
    raise FileNotFoundError(f"{MAIN_FILE} is neither in {package / '_grammar'} nor in {package.parent / 'grammar'}")


@cache
def grammar_hash() -> str:
    """Fingerprint of all grammar files, by name and content."""
    digest = hashlib.sha256()
    for file in sorted(grammar_folder().glob("*.lark")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:24]
