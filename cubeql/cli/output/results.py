"""Results written one after another, in one format, to one place."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cubeql.cli.diagnostics import wants_colour
from cubeql.cli.output.formats import Format, choose
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.sink import Sink, file_sink, stdout_sink
from cubeql.errors import ConfigError
from cubeql.formats.rows import Rows

if TYPE_CHECKING:
    from cubeql.storage.addresses import Address

MAX_ROWS = 40
_STDOUT = (Path("-"), Path("/dev/stdout"))


class Output:
    """The place results go to; as a context manager it keeps a file only when the block ends well.

    Args:
        format_name: as ``--format`` names it; None lets the path decide.
        path: a file, on a disk or on S3; None is stdout.
        max_rows: rows shown to people on a terminal; 0 shows all.
        colour: ``auto``, ``always`` or ``never``.

    Raises:
        ConfigError: a binary format would go to a terminal, or the file cannot be written.
    """

    def __init__(
        self,
        format_name: str | None = None,
        path: Path | Address | None = None,
        max_rows: int = MAX_ROWS,
        colour: str = "auto",
    ) -> None:
        path = None if path in _STDOUT else path
        self._format = choose(format_name, path)
        self._path = path
        self._sink: Sink | None = None if path else _checked_stdout(self._format)
        self._results = 0
        self._discarded = False
        if self._sink is None:
            self._layout = Layout(unicode=False)
        else:
            shown = max_rows if self._sink.terminal and self._format.for_people else 0
            self._layout = Layout(
                max_rows=shown or None,
                width=self._sink.width if self._format.for_people else None,
                unicode=self._sink.terminal and self._sink.unicode,
                colour=wants_colour(colour, sys.stdout),
            )

    @property
    def at_once(self) -> bool:
        """Whether rows stand on a terminal as soon as they come."""
        return self._path is None and self._sink is not None and self._sink.terminal

    def write(self, rows: Rows) -> Written:
        """Write one result; when that fails, a file is cut back to what it was before.

        Raises:
            ConfigError: the format holds one result and has it already.
        """
        if self._format.single and self._results:
            raise ConfigError(
                f"{self._format.name or 'an Arrow file'} holds one result and a second statement gives rows; "
                "run them one by one, or use csv or jsonl"
            )
        if self._sink is None:
            assert self._path is not None
            self._sink = file_sink(self._path)
        sink, mark = self._sink, self._sink.mark()
        try:
            written = self._format.write(rows, sink, self._layout)
        except BaseException:
            sink.rewind(mark)
            raise
        self._results += 1
        sink.binary.flush()
        return written

    def discard(self) -> None:
        """Do not keep the file: a statement failed."""
        self._discarded = True

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sink is not None:
            self._sink.finish(complete=kind is None and not self._discarded and self._results > 0)


def _checked_stdout(chosen: Format) -> Sink:
    sink = stdout_sink()
    if chosen.binary and sink.terminal:
        raise ConfigError(f"{chosen.name} is binary and stdout is a terminal: use -o FILE or a pipe")
    return sink
