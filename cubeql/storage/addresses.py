"""Where bytes lie: local folders now, ``s3://`` later; everything else in this room asks here.

An address is parsed once, joined by parts and printed as text that DuckDB, Delta and pyarrow all read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from cubeql.errors import StoreError

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")


@dataclass(frozen=True, slots=True)
class Address:
    """A place that holds files.

    Attributes:
        scheme: ``file`` (a local path) or ``s3``.
        path: absolute local path, or ``bucket/key`` without slashes at its ends.
    """

    scheme: Literal["file", "s3"]
    path: str

    def __str__(self) -> str:
        return self.path if self.scheme == "file" else f"s3://{self.path}"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot; empty where it has none."""
        return PurePosixPath(self.name).suffix

    def join(self, *parts: str) -> Address:
        """The address of a relative path below this one; ``..`` is refused (ValueError)."""
        pieces = [piece for part in parts for piece in part.split("/")]
        if any(piece in ("", ".", "..") for piece in pieces):
            raise ValueError(f"{'/'.join(parts)!r} is not a relative path below {self}")
        return Address(self.scheme, "/".join([self.path.rstrip("/"), *pieces]))


def parse_address(text: str | os.PathLike[str]) -> Address:
    """The address a user wrote: a local path (``~`` is expanded), a ``file://`` or an ``s3://`` URI.

    Raises:
        StoreError: empty, of another scheme, or an S3 address without a bucket.
    """
    written = os.fspath(text)
    if not written.strip():
        raise StoreError("the store's address is empty; write a folder such as cubeql-store")
    found = _SCHEME.match(written)
    if found is None:
        return Address("file", str(Path(written).expanduser().absolute()))
    scheme = found.group(1).lower()
    if scheme == "file":
        return _file_uri(written)
    if scheme == "s3":
        key = written[found.end() :].strip("/")
        if not key:
            raise StoreError(f"{written!r} names no bucket; write s3://bucket/store")
        return Address("s3", key)
    raise StoreError(f"{written!r}: {scheme}:// addresses are not known; write a folder or s3://bucket/store")


def _file_uri(written: str) -> Address:
    parts = urlsplit(written)
    if parts.netloc not in ("", "localhost"):
        raise StoreError(f"{written!r} names the host {parts.netloc!r}; a local folder is file:///folder")
    return Address("file", str(Path(unquote(parts.path)).absolute()))


def local_path(address: Address) -> Path:
    """The local path of an address.

    Raises:
        StoreError: it is not on a local disk.
    """
    if address.scheme != "file":
        raise StoreError(f"{address}: stores on S3 are not supported yet; give a local folder")
    return Path(address.path)
