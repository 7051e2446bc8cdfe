"""Output that another program takes: a pager, or a command that was named."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from types import FrameType

from cubeql.cli.output.sink import Sink
from cubeql.errors import ConfigError

_LESS = "less"
_KEYS = "q leaves, arrows scroll, / finds"


def pager_command() -> str | None:
    """The pager: ``$PAGER``, else ``less``; None where there is none."""
    chosen = os.environ.get("PAGER")
    if chosen is not None:
        return chosen.strip() or None
    if shutil.which(_LESS) is None:
        return None
    return f"{_LESS} -RSX '-Ps{_KEYS}'"  # no -F: it would leave at once a wide table of few rows, and cut it silently


class CommandSink(Sink):
    """The input of a command of the user's shell.

    Args:
        command: the command.
        encoding: of texts.

    Raises:
        ConfigError: it cannot be started.
    """

    def __init__(self, command: str, encoding: str = "utf-8") -> None:
        self._command = command
        utf8 = encoding.lower().replace("-", "") == "utf8"
        environment = {"LESSCHARSET": "utf-8", **os.environ} if utf8 else dict(os.environ)
        try:
            self._process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment)
        except OSError as fault:
            raise ConfigError(f"cannot run {command}: {fault.strerror}") from fault
        assert self._process.stdin is not None
        super().__init__(self._process.stdin, encoding=encoding)  # type: ignore[arg-type]

    def finish(self, complete: bool) -> None:
        """Close its input and wait until it has ended; Ctrl-C meanwhile is for the command alone."""
        try:
            self.binary.close()
        except BrokenPipeError:  # it has ended before
            pass
        finally:
            with Deaf():
                self._process.wait()

    def complaints(self) -> tuple[str, ...]:
        """What is to be said of how it ended."""
        code = self._process.returncode
        return (f"`{self._command}` ended with code {code}",) if code and code > 0 else ()


class Deaf:
    """Ctrl-C does nothing here: it is for the program in front."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, _ignore)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Unlike SIG_IGN, a handler of our own is not passed on to programs that are started."""
