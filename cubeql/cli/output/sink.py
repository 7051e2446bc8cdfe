"""Where output goes: stdout, or a file that appears only when it is complete."""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cubeql.cli.diagnostics import is_terminal
from cubeql.errors import ConfigError

if TYPE_CHECKING:
    from cubeql.storage.addresses import Address


class Sink:
    """Bytes going out.

    Attributes:
        binary: the stream; a format that writes bytes writes here.
        terminal: whether a person looks at it.
        unicode: whether it can show box-drawing characters.
        width: columns of the terminal; None elsewhere.
        encoding: of texts.
    """

    def __init__(self, binary: BinaryIO, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        self.binary = binary
        self.terminal = terminal
        self.unicode = encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32")
        self.width = shutil.get_terminal_size().columns if terminal else None
        self.encoding = encoding

    def write(self, text: str) -> None:
        """Write text; what the encoding cannot say is written as an escape."""
        self.binary.write(text.encode(self.encoding, "backslashreplace"))

    def mark(self) -> int | None:
        """A place to go back to when a statement fails halfway; None where that cannot be done."""
        return None

    def rewind(self, mark: int | None) -> None:
        """Take back everything written since the mark."""

    def finish(self, complete: bool) -> None:
        """Hand over what was written; ``complete`` is False when it must not be kept."""
        self.binary.flush()


class MemorySink(Sink):
    """Text that is drawn before it is shown.

    Args:
        out: where it is to be shown.
    """

    def __init__(self, out: Sink) -> None:
        self._buffer = io.BytesIO()
        super().__init__(self._buffer, encoding=out.encoding)

    @property
    def text(self) -> str:
        """What was written."""
        return self._buffer.getvalue().decode(self.encoding)


class GrowingSink(Sink):
    """A file that results are added to, each there as soon as it is complete.

    Raises:
        ConfigError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path.open("wb"))
        except OSError as fault:
            raise ConfigError(f"cannot write {path}: {fault.strerror}") from fault

    def mark(self) -> int | None:
        """The length of the file so far; None of a device."""
        return self.binary.tell() if self.binary.seekable() else None

    def rewind(self, mark: int | None) -> None:
        """Cut the file back to the mark."""
        if mark is not None:
            self.binary.seek(mark)
            self.binary.truncate()

    def finish(self, complete: bool) -> None:
        """Close it."""
        self.binary.close()


class FileSink(Sink):
    """A file written beside its final place and renamed when complete, so that no half file is ever found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        self._part = Path(part)
        super().__init__(os.fdopen(handle, "wb"))

    def mark(self) -> int | None:
        """The length of the file so far."""
        return self.binary.tell()

    def rewind(self, mark: int | None) -> None:
        """Cut the file back to the mark."""
        if mark is not None:
            self.binary.seek(mark)
            self.binary.truncate()

    def finish(self, complete: bool) -> None:
        """Rename into place when complete, else leave nothing behind."""
        try:
            if not complete:
                return
            self.binary.flush()
            self._keep()
        except OSError as fault:
            raise ConfigError(f"cannot write {self._path}: {fault.strerror}") from fault
        finally:
            self.binary.close()
            self._part.unlink(missing_ok=True)

    def _keep(self) -> None:
        self._part.chmod(_permissions(self._path))
        self._part.replace(self._path)


class UploadSink(FileSink):
    """A file written on the local disk and put on S3 when complete."""

    def __init__(self, address: Address) -> None:
        self._address = address
        super().__init__(Path(tempfile.gettempdir()) / address.name)

    def _keep(self) -> None:
        from cubeql.storage.outfiles import upload

        upload(self._part, self._address)


def stdout_sink() -> Sink:
    """The standard output.

    Raises:
        ConfigError: the process was started with stdout closed.
    """
    stream = sys.stdout
    if stream is None:
        raise ConfigError("stdout is closed; give -o FILE")
    return Sink(stream.buffer, terminal=is_terminal(stream), encoding=stream.encoding or "utf-8")


def file_sink(path: Path | Address) -> Sink:
    """A file by its path or address; a device or pipe is written as it is, a link stays and its target is written.

    Raises:
        ConfigError: the file cannot be written there.
        StoreError: S3 cannot be asked.
    """
    if not isinstance(path, Path):
        from cubeql.storage.outfiles import check_upload

        check_upload(path)
        return UploadSink(path)
    try:
        if path.is_dir():
            raise ConfigError(f"cannot write {path}: it is a folder")
        target = path.resolve()
        if path.exists() and not (target.is_file() and target.samefile(path)):
            return Sink(path.open("wb"))
        return FileSink(target)
    except OSError as fault:
        raise ConfigError(f"cannot write {path}: {fault.strerror}") from fault


def write_text(text: str) -> None:
    """Write text that is not a result (a formatted statement, a plan, help) to stdout."""
    sink = stdout_sink()
    sink.write(text)
    sink.finish(complete=True)


def hush() -> None:
    """Stop writing to a stdout that nobody reads any more, so that the exit says nothing about it either."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass


def _permissions(path: Path) -> int:
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
