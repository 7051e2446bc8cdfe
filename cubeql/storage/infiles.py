"""Files that are read once and whole, on a local disk or on S3."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cubeql.storage.outfiles import place_of

MOST_BYTES = 2**30
_SEVERAL = (".shp",)


@contextmanager
def fetched(written: str | os.PathLike[str]) -> Iterator[Path]:
    """A local path of a file that a user named: itself, or a copy of an object on S3 that goes when the block ends.

    Raises:
        StoreError: the address is not well formed, or S3 cannot be asked.
        OSError: S3 does not give the object, it is too large to be fetched, or needs others beside it.
    """
    place = place_of(written)
    if isinstance(place, Path):
        yield place
        return
    if place.suffix.lower() in _SEVERAL:
        raise OSError(f"{place} cannot be read: a Shapefile is several files; make it one, such as GeoPackage")
    from cubeql.storage.addresses import Address
    from cubeql.storage.buckets import bucket_of, key_of, open_bucket
    from cubeql.storage.credentials import s3_login
    from cubeql.storage.s3faults import s3_reason
    from cubeql.storage.traffic import asked

    login = s3_login()
    bucket = open_bucket(Address("s3", bucket_of(place)), login)
    import obstore
    from obstore.exceptions import BaseError

    with tempfile.TemporaryDirectory(prefix="cubeql-") as folder:
        told = ""
        local = Path(folder) / f"file{place.suffix}"
        asked()
        try:
            found = obstore.get(bucket, key_of(place))
            size = int(found.meta["size"])
            if size <= MOST_BYTES:
                local.write_bytes(found.bytes())
        except (BaseError, FileNotFoundError) as error:
            told = str(error)  # not to be kept as a cause: it repeats requests
        if told:
            raise OSError(f"{place} cannot be read: {s3_reason(told, login.access()) or 'S3 does not give it'}")
        if size > MOST_BYTES:
            raise OSError(f"{place} cannot be read: {size:,} bytes are more than are fetched; copy it to a local file")
        asked(size, requests=0)
        try:
            yield local
        except (ValueError, OSError) as error:
            raise type(error)(str(error).replace(str(local), str(place))) from None
