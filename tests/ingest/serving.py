"""A loopback server of files, JSON and a STAC search, in a process of its own.

GDAL may hold the interpreter while it waits for an answer, so the server cannot be a thread of the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

CONFORMS = ("core", "item-search", "item-search#query", "collections")


@dataclass
class Served:
    """A server that is running.

    Attributes:
        url: its address.
        folder: whose files it serves.
        state: what it answers beside the files: ``items`` that the search finds, two a page; ``answers``, JSON by path;
            ``broken``, paths answered with an error; ``conforms``, what the service conforms to.
    """

    url: str
    folder: Path
    state: dict[str, Any] = field(default_factory=dict)

    def tell(self, **state: Any) -> None:
        """Change what the server answers."""
        self.state |= state
        with urlopen(Request(f"{self.url}/_state", json.dumps(self.state).encode(), method="PUT")) as answer:
            answer.read()

    def asked(self) -> list[tuple[str, str, Any]]:
        """Method, path with query and body of every request since the last call."""
        with urlopen(f"{self.url}/_asked") as answer:
            return [tuple(one) for one in json.load(answer)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    state: dict[str, Any]
    asked: list[Any]

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:
        self.state.clear()
        self.state.update(self._body())
        self._send(200, b"{}")

    def do_POST(self) -> None:
        body = self._body()
        self.asked.append(("POST", self.path, body))
        if self.path in self.state.get("broken", ()):
            self._send(500, b'{"code": "Broken"}')
        else:
            self._send(200, json.dumps(self._found(body)).encode())

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.path == "/_asked":
            self._send(200, json.dumps(self.asked).encode())
            self.asked.clear()
            return
        self.asked.append((self.command, self.path, None))
        path = self.path.split("?")[0]
        answers = self.state.get("answers", {})
        if path == "/api":
            self._send(200, json.dumps(self._landing()).encode())
        elif path in answers:
            self._send(200, json.dumps(answers[path]).encode())
        elif path not in self.state.get("broken", ()) and (self.folder / path.lstrip("/")).is_file():
            self._file(self.folder / path.lstrip("/"))
        else:
            self._send(404, b"nothing here")

    def _landing(self) -> dict[str, Any]:
        url = f"http://{self.headers['Host']}/api"
        return {
            "type": "Catalog", "stac_version": "1.0.0", "id": "api", "description": "Of tests",
            "conformsTo": [f"https://api.stacspec.org/v1.0.0/{c}" for c in self.state.get("conforms", CONFORMS)],
            "links": [
                {"rel": "self", "href": url}, {"rel": "root", "href": url},
                {"rel": "search", "href": f"{url}/search", "method": "POST", "type": "application/geo+json"},
                {"rel": "data", "href": f"{url}/collections"},
            ],
        }  # fmt: skip

    def _found(self, body: dict[str, Any]) -> dict[str, Any]:
        items, first = self.state.get("items", []), int(body.get("token", 0))
        links = []
        if first + 2 < len(items):
            url = f"http://{self.headers['Host']}/api/search"
            links = [{"rel": "next", "method": "POST", "href": url, "merge": True, "body": {"token": str(first + 2)}}]
        return {"type": "FeatureCollection", "features": items[first : first + 2], "links": links}

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")

    def _file(self, file: Path) -> None:
        data, wanted = file.read_bytes(), self.headers.get("Range")
        tag = {"ETag": f'"{file.stat().st_mtime_ns:x}"', "Accept-Ranges": "bytes"}
        if wanted is None:
            self._send(200, data, **tag)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        end = min(int(last) + 1 if last else len(data), len(data))
        span = {"Content-Range": f"bytes {first}-{end - 1}/{len(data)}"}
        self._send(206, data[int(first) : end], **tag, **span)

    def _send(self, code: int, data: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve a folder until the block ends."""
    words = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(f"http://127.0.0.1:{int(process.stdout.readline())}", folder)
        finally:
            process.terminate()


if __name__ == "__main__":
    _Handler.folder, _Handler.state, _Handler.asked = Path(sys.argv[1]), {}, []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        print(server.server_port, flush=True)
        server.serve_forever()
