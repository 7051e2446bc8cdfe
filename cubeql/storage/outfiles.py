"""Files that leave CubeQL, on a local disk or on S3: each appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address, parse_address
from cubeql.storage.reach import Below, Reach, put_below

Anywhere = Path | Address
Place = Anywhere | Below


def place_of(written: str | os.PathLike[str]) -> Anywhere:
    """Where a user wants a file: an ``s3://`` address, or a local path as it is written.

    Raises:
        StoreError: an address names no bucket, or none but it.
    """
    text = os.fspath(written)
    if not text.lower().startswith("s3://"):
        return Path(text)
    address = parse_address(text)
    if text.endswith("/") or "/" not in address.path:
        raise StoreError(f"{text} names no object; write s3://{address.path}/result.csv")
    return address


def place_within(written: str, reach: Reach) -> Place:
    """Where a statement may write what it calls so.

    Raises:
        NotHere: nowhere.
        StoreError: an address names no bucket, or none but it.
    """
    return place_of(written) if reach.writes is None else reach.writable(written)


@contextmanager
def appearing(place: Place, suffix: str = ".part", temp_folder: str | None = None) -> Iterator[Path]:
    """A local name to write to; what is there takes its place when the block ends well, and is removed otherwise.

    Args:
        place: where the file shall appear.
        suffix: ending of the local name.
        temp_folder: where a file for S3 is written first; None takes the system's own.

    Raises:
        StoreError: S3 does not take it.
    """
    if isinstance(place, Path):
        partial = place.with_name(f".{uuid.uuid4().hex}{suffix}")
        try:
            yield partial
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)
        return
    check_upload(place)
    with tempfile.TemporaryDirectory(prefix="cubeql-", dir=temp_folder) as folder:
        partial = Path(folder) / f"out{suffix}"
        yield partial
        if isinstance(place, Address):
            upload(partial, place)
        elif isinstance(place.top, Address):
            upload(partial, place.top.join(*place.parts))
        else:
            put_below(partial, place, f".{uuid.uuid4().hex}{suffix}")


def check_upload(place: Address | Below) -> None:
    """Whether S3 can be asked at all, before anything is computed for it.

    Raises:
        StoreError: its packages are not installed, or there is no access.
    """
    if isinstance(place, Below) and isinstance(place.top, Path):
        return
    from cubeql.storage.credentials import s3_login

    s3_login().access()


def upload(file: Path, place: Address) -> None:
    """Put a local file on S3, a large one in parts; nobody sees it before the last of them is there.

    Raises:
        StoreError: S3 does not take it.
    """
    from cubeql.storage.buckets import key_of, open_bucket
    from cubeql.storage.credentials import s3_login
    from cubeql.storage.s3faults import s3_reason

    login = s3_login()
    bucket = open_bucket(Address("s3", place.path.partition("/")[0]), login)
    import obstore
    from obstore.exceptions import BaseError

    told = ""
    try:
        with file.open("rb") as content:
            obstore.put(bucket, key_of(place), content)
        return
    except (BaseError, OSError) as error:
        told = str(error)  # long, and not to be kept as a cause: it may repeat what was sent
    access = login.access()
    reason = s3_reason(told, access, "write") or access.hide(told.partition("\n")[0])
    raise StoreError(f"{place} cannot be written: {reason}")
