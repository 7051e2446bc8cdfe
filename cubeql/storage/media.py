"""Which medium an address is on."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.folderobjects import FolderObjects
from cubeql.storage.objects import Objects


def objects_at(address: Address) -> Objects:
    """The objects below an address.

    Raises:
        StoreError: it is on a medium that cannot be used.
    """
    if address.scheme == "file":
        if Path(address.path).is_file():
            raise StoreError(f"{address} is not a CubeQL store: it is a file; give the folder of a store")
        return FolderObjects(address)
    # The packages for S3 are an extra.
    from cubeql.storage.s3objects import S3Objects

    return S3Objects(address)


def cache_folder(address: Address) -> Path:
    """The local folder for what can be made again of a store: in it, or in the user's cache if it is remote."""
    if address.scheme == "file":
        return Path(address.path) / "cache"
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "cubeql" / hashlib.blake2b(str(address).encode(), digest_size=12).hexdigest()
