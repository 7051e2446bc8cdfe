"""A network between a client and a server that a test can close: a TCP proxy on the loopback.

``shut()`` keeps answers back (connections stay, as with a server that hangs), ``open()`` lets them through again,
``cut()`` ends all connections. ``answered`` counts the bytes that came through.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

_PIECE = 65_536


class Tollgate:
    """A proxy in front of one port."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._gate = threading.Event()
        self._gate.set()
        self.shut_after: int | None = None
        """Shuts by itself when so many bytes of answers came through."""
        self.answered = 0
        self.held = threading.Event()
        """Set when an answer is being kept back."""
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Keep all answers back from now on."""
        self.held.clear()
        self._gate.clear()

    def open(self) -> None:
        """Let answers through."""
        self.shut_after = None
        self._gate.set()

    @property
    def is_shut(self) -> bool:
        """Whether answers are kept back."""
        return not self._gate.is_set()

    def cut(self) -> None:
        """End all connections there are."""
        with self._lock:
            ended, self._sockets = self._sockets, []
        for one in ended:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        """Take the proxy away."""
        self._closed = True
        self.open()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # who asks shall see that nobody is there
                client.close()
                continue
            with self._lock:
                self._sockets += [client, server]
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if is_answer:
                    self._toll(len(piece))
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _toll(self, size: int) -> None:
        with self._lock:
            self.answered += size
            if self.shut_after is not None and self.answered > self.shut_after:
                self.shut_after = None
                self._gate.clear()
        if not self._gate.is_set():
            self.held.set()
            self._gate.wait()

    def __enter__(self) -> Tollgate:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
