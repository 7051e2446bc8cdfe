"""`cubeql tui --web`: a page on this machine, for who has its address, that leaves nothing behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cubeql.cli.commands import tui
from cubeql.cli.main import main
from cubeql.drawing.colours import ramp
from tests.tui.browser import CHROMIUM, Visitor, alive, children, served, wait_for

pytest.importorskip("textual_serve")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def page(cube_store: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with served(cube_store) as found:
        yield found


@pytest.mark.browser
def test_two_people_use_the_screen_in_their_browsers(browser: Any, page: Any, cube_store: Path) -> None:
    server, address = page
    size = {"width": 1500, "height": 900}
    first = Visitor(browser.new_context(viewport=size), address)
    first.until("Layers", "finer", "Ask.")
    assert str(cube_store.parent) not in first.text + first.page.content()
    assert cube_store.name in first.text
    assert "key=" not in first.page.url
    first.page.keyboard.type("SELECT cell, elevation FROM finer")
    first.press("F5")
    first.until("✓")
    second = Visitor(browser.new_context(viewport=size), address)
    second.until("Layers", "Ask.")
    assert "SELECT cell" not in second.text
    first.press("F4")
    drawn = {tuple(map(int, colour)) for colour in ramp("relief")}
    wait_for(lambda: len(drawn & first.colours()) > 3, lambda s: first.page.wait_for_timeout(s * 1000))
    assert {urlsplit(url).netloc for url in first.asked} == {urlsplit(address).netloc}
    assert len(children(server.pid)) == 2
    gone = children(server.pid)
    second.page.close()
    wait_for(lambda: len(children(server.pid)) == 1)
    first.press("Control+q")
    first.page.wait_for_selector("text=The screen was closed.")
    wait_for(lambda: not any(alive(pid) for pid in gone))


@pytest.mark.browser
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_server_that_ends_leaves_no_screen_behind(browser: Any, cube_store: Path, how: signal.Signals) -> None:
    with served(cube_store) as (server, address):
        visitor = Visitor(browser.new_context(), address)
        visitor.until("Layers")
        screens = children(server.pid)
        assert len(screens) == 1
        server.send_signal(how)
        server.wait(100)
        wait_for(lambda: not any(alive(pid) for pid in screens))
        visitor.page.wait_for_selector("text=The screen was closed.")
        assert server.returncode == (0 if how != signal.SIGKILL else -signal.SIGKILL)


def _status(address: str, path: str = "/", **headers: str) -> tuple[int, str]:
    place = urlsplit(address)
    request = urllib.request.Request(f"http://{place.netloc}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_only_who_has_the_address_comes_in(page: Any) -> None:
    _, address = page
    place = urlsplit(address)
    keyed = f"/?{place.query}"
    assert _status(address, keyed)[0] == 403  # redirected to the page without the cookie that was given
    for path in ("/", "/ws", "/static/js/textual.js", "/page/page.js", "/?key=wrong"):
        assert _status(address, path) == (403, "Open the address that `cubeql tui --web` has printed, with its key.")
    assert _status(address, keyed, Host="evil.example")[1] == "This page answers on 127.0.0.1 and localhost only."
    assert _status(address, keyed, Origin="http://evil.example")[1] == "This page answers no page of another origin."
    cookie = f"cubeql-{place.port}={place.query.removeprefix('key=')}"
    status, body = _status(address, Cookie=cookie, Host=f"localhost:{place.port}")
    assert status == 200 and f"ws://localhost:{place.port}/ws" in body and "http://" not in body


def test_the_port_is_on_the_loopback_address_alone(page: Any) -> None:
    port = urlsplit(page[1]).port
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {local for _, local, _, state, *_ in sockets if state == "0A" and local.endswith(f":{port:04X}")}
    assert listening == {f"0100007F:{port:04X}"}


def test_a_port_that_is_taken_is_said(cube_store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["tui", str(cube_store), "--web", "--port", str(port)]) == 2
    assert f"port {port} cannot be taken" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--web", "--host", "0.0.0.0"], 2, "on 127.0.0.1 only, not on 0.0.0.0"),
        (["--web", "--port", "70000"], 2, "from 1 to 65535"),
        (["--port", "8000"], 2, "cubeql tui --web --port"),
    ],
)
def test_what_cannot_be_served_is_refused(
    cube_store: Path, capfd: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert main(["tui", str(cube_store), *words]) == code
    assert said in capfd.readouterr().err


def test_a_store_that_is_not_there_is_said_first(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tui", str(tmp_path / "none"), "--web"]) == 3
    assert "none" in capfd.readouterr().err


def test_without_its_package_the_extra_is_named(
    cube_store: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    monkeypatch.delitem(sys.modules, "cubeql_tui.web", raising=False)
    tui._application()
    assert main(["tui", str(cube_store), "--web"]) == 2
    assert "pip install 'cubeql[web]'" in capfd.readouterr().err
