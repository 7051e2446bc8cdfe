"""Where ``.output`` and ``.once`` send results: a file, or a command that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cubeql.cli.output.formats import Format, choose
from cubeql.cli.output.kept import Kept
from cubeql.cli.output.layout import Layout, Written
from cubeql.cli.output.pager import CommandSink
from cubeql.cli.output.results import Output
from cubeql.cli.output.sink import GrowingSink
from cubeql.errors import ConfigError

if TYPE_CHECKING:
    from cubeql.storage.addresses import Address

_PLAIN = Layout(unicode=False)


class Target(Protocol):
    """A place for results beside the screen."""

    def write(self, kept: Kept, chosen: Format) -> Written:
        """Write one result; ``chosen`` is the format of the screen."""
        ...

    def close(self) -> tuple[str, ...]:
        """No more results come; what is to be said of it."""
        ...


class FileTarget:
    """A file, or an object on S3; its ending says the format.

    Args:
        path: where.
        grows: several results may come.
        name: a format to write instead of that of its ending.

    Raises:
        ConfigError: the ending says no format, or the file cannot be written.
    """

    def __init__(self, path: Path | Address, grows: bool, name: str | None = None) -> None:
        self._path = path
        self._name = name
        self._format = choose(name, path)
        self._full = False
        self._sink: GrowingSink | None = None
        if grows and isinstance(path, Path) and not self._format.single:
            self._sink = GrowingSink(path)

    def write(self, kept: Kept, chosen: Format) -> Written:
        """Write one result; one that fails halfway leaves the file as it was."""
        written = self._added(kept, self._sink) if self._sink is not None else self._only(kept)
        rows = "1 row" if written.rows == 1 else f"{written.rows} rows"
        return Written(written.rows, (*written.notices, f"{rows} written to {self._path}"))

    def _only(self, kept: Kept) -> Written:
        if self._full:
            raise ConfigError(f"{self._path} holds one result and has it\n  hint: .output without a name is the screen")
        with Output(self._name, self._path) as output:
            written = output.write(kept.rows())
        self._full = True
        return written

    def _added(self, kept: Kept, sink: GrowingSink) -> Written:
        mark = sink.mark()
        try:
            written = self._format.write(kept.rows(), sink, _PLAIN)
        except BaseException:
            sink.rewind(mark)
            raise
        sink.binary.flush()
        return written

    def close(self) -> tuple[str, ...]:
        """Close the file."""
        if self._sink is not None:
            self._sink.finish(complete=True)
        return ()


class CommandTarget:
    """The input of a command, in the format of the screen.

    Raises:
        ConfigError: it cannot be started.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._sink = CommandSink(command)

    def write(self, kept: Kept, chosen: Format) -> Written:
        """Write one result; the command may have seen enough of it."""
        try:
            written = chosen.write(kept.rows(), self._sink, _PLAIN)
            self._sink.binary.flush()
        except BrokenPipeError:
            return Written(kept.count, (f"`{self._command}` read no further",))
        return written

    def close(self) -> tuple[str, ...]:
        """Close its input and wait for its end."""
        self._sink.finish(complete=True)
        return self._sink.complaints()


def target(said: str, grows: bool) -> Target:
    """The target of ``FILE``, ``s3://…`` or ``|COMMAND``.

    Raises:
        ConfigError: it cannot be one.
    """
    if said.startswith("|"):
        command = said[1:].strip()
        if not command:
            raise ConfigError("a command is missing behind |, for example .once |wc -l")
        return CommandTarget(command)
    if said.lower().startswith("s3://"):
        from cubeql.storage.outfiles import place_of

        return FileTarget(place_of(said), grows)
    return FileTarget(Path(said).expanduser(), grows)
