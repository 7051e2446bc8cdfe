"""The screen as a page of a browser on this machine.

Each visitor has a process of the screen, which ends with the page. Whoever may run statements may read and write files,
so that nobody else may come in: the server listens on the loopback address, asks for the key that is in the address it
prints (other people use the same machine), and answers no page of another origin (a browser shows many).
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import textual_serve
from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

LOOPBACK = "127.0.0.1"
_NAMES = {LOOPBACK, "localhost"}
_PAGE = Path(__file__).parent / "page"
_LEAVING_S = 5.0
"""How long a screen may take to close before it is killed."""
_ELSEWHERE = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws:"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page(Server):
    """Serves the screen on a store.

    Args:
        store: its address.
        listener: a socket that is bound to the loopback address.
    """

    def __init__(self, store: str, listener: socket.socket) -> None:
        words = [sys.executable, "-m", "cubeql", "tui", store]
        super().__init__(
            f"exec {shlex.join(words)}",
            host=LOOPBACK,
            port=listener.getsockname()[1],
            title=f"CubeQL · {store.rstrip('/').rpartition('/')[2]}",
            statics_path=Path(textual_serve.__file__).parent / "static",
            templates_path=_PAGE,
        )
        self._listener = listener
        self._key = secrets.token_urlsafe(16)
        self._cookie = f"cubeql-{self.port}"
        self._services: set[AppService] = set()

    @property
    def address(self) -> str:
        """Where to come in."""
        return f"{self.public_url}/?key={self._key}"

    async def serve_until_stopped(self, tell: Callable[[str], None]) -> None:
        """Serve until this process is asked to end; no process of a screen is left then.

        Args:
            tell: is told the address once the page can be opened.
        """
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(asked, stopped.set)
        runner = web.AppRunner(await self._make_app(), shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, self._listener).start()
        try:
            tell(self.address)
            await stopped.wait()
        finally:
            await asyncio.gather(*(self._close(service) for service in tuple(self._services)))
            await runner.cleanup()

    # -------------------------------------------------------------- who may come in

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard())
        app.router.add_static("/page", _PAGE)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the address is told where it is asked for."""

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            refused = self._refused(request)
            if refused is not None:
                return web.Response(status=403, text=refused)
            if "key" in request.query:  # from here on a cookie says it: an address is soon copied
                response: web.StreamResponse = web.Response(status=302, headers={"Location": "/"})
                response.set_cookie(self._cookie, self._key, httponly=True, samesite="Lax")
                return response
            response = await handler(request)
            if not response.prepared:
                response.headers["Content-Security-Policy"] = _ELSEWHERE
                response.headers["Referrer-Policy"] = "no-referrer"
            return response

        return guard

    def _refused(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin")
        if urlsplit(f"//{request.host}").hostname not in _NAMES:  # a name that was bent to the loopback address
            return "This page answers on 127.0.0.1 and localhost only."
        if origin is not None and origin != f"http://{request.host}":
            return "This page answers no page of another origin."
        key = request.query.get("key") or request.cookies.get(self._cookie, "")
        if not secrets.compare_digest(key.encode(), self._key.encode()):
            return "Open the address that `cubeql tui --web` has printed, with its key."
        return None

    # -------------------------------------------------------------- visitors

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page; its addresses are those it was asked by, for a port may be forwarded under another number."""
        self.public_url = f"http://{request.host}"
        return await super().handle_index(request)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A visitor: a process of the screen, for as long as the page is open."""
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)

        async def close() -> None:
            await websocket.close()

        service = AppService(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        self._services.add(service)
        try:
            await service.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            await self._listen(websocket, service)
        finally:
            await asyncio.shield(self._close(service))
        return websocket

    async def _listen(self, websocket: web.WebSocketResponse, service: AppService) -> None:
        with suppress(ConnectionError):
            await self._process_messages(websocket, service)

    async def _close(self, service: AppService) -> None:
        """End the process of a visitor, kindly if it hears."""
        self._services.discard(service)
        process = service._process
        if process is None:
            return
        with suppress(TimeoutError, OSError):
            await asyncio.wait_for(service.stop(), _LEAVING_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 1)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def listener(port: int | None) -> socket.socket:
    """A socket on the loopback address.

    Args:
        port: None takes a free one.

    Raises:
        OSError: the port is taken.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port or 0))
    except OSError:
        bound.close()
        raise
    return bound


def serve(store: str, port: int | None, tell: Callable[[str], None]) -> None:
    """Serve the screen on a store until this process is asked to end.

    Args:
        store: its address.
        port: None takes a free one.
        tell: is told the address once the page can be opened.

    Raises:
        OSError: the port is taken.
    """
    asyncio.run(Page(store, listener(port)).serve_until_stopped(tell))
