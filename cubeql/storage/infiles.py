"""Files that are read once and whole, on a local disk or on S3."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.outfiles import place_of
from cubeql.storage.reach import ANYWHERE, Below, NotHere, Reach, open_below

MOST_BYTES = 2**30
_SEVERAL = {".shp": (".shx", ".dbf", ".prj", ".cpg")}
_PIECE = 2**20


@contextmanager
def fetched(written: str | os.PathLike[str], reach: Reach = ANYWHERE) -> Iterator[Path]:
    """A local path of a file that a user named: itself, or a copy that goes when the block ends.

    Args:
        written: the name.
        reach: which files may be named; within folders a library is given nothing but a copy under a name of ours.

    Raises:
        NotHere: no file of this name may be read.
        StoreError: the address is not well formed, or S3 cannot be asked.
        OSError: S3 does not give the object, it is too large to be fetched, or needs others beside it.
    """
    if reach.reads is not None:
        with _confined(os.fspath(written), reach) as local:
            yield local
        return
    place = place_of(written)
    if isinstance(place, Path):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="cubeql-") as folder:
        local = Path(folder) / f"read{place.suffix}"
        refused = _download(place, local, str(place), MOST_BYTES)
        if refused is not None:
            raise OSError(f"{place} cannot be read: {refused.reason}")
        with _told_as(str(place), local):
            yield local


@contextmanager
def _confined(written: str, reach: Reach) -> Iterator[Path]:
    """A copy of the first of the places that has the file; behind ``#`` one layer of it may be named."""
    name, mark, layer = written.rpartition("#")
    spellings = [(written, "")] + ([(name, f"#{layer}")] if mark else [])
    with tempfile.TemporaryDirectory(prefix="cubeql-") as folder:
        for spelled, rest in spellings:
            for place in reach.readable(spelled):
                local = Path(folder) / f"read{place.suffix}"
                if _copied(place, local, min(reach.most_read or MOST_BYTES, MOST_BYTES)):
                    with _told_as(spelled, local):
                        yield Path(f"{local}{rest}")
                    return
    raise NotHere(written)


@contextmanager
def _told_as(written: str, local: Path) -> Iterator[None]:
    """Faults of a copy, told of what the user wrote."""
    try:
        yield
    except (ValueError, OSError) as error:
        told = str(error).replace(str(local), written).replace(local.name, PurePosixPath(written).name)
        raise ValueError(told) from None


def _copied(place: Below, local: Path, most: int) -> bool:
    """Whether there was such a file, of which ``local`` is a copy now."""
    if isinstance(place.top, Address):
        there = place.top.join(*place.parts)
        refused = _download(there, local, str(place), most)
        if refused is not None and not refused.absent:
            raise StoreError(f"{there} cannot be read: {refused.reason}")
        return refused is None
    try:
        left = _copy(open_below(place), local, most, place)
    except NotHere:
        return False
    for ending in _SEVERAL.get(place.suffix.lower(), ()):
        part = Below(place.top, (*place.parts[:-1], place.name[: -len(ending)] + ending))
        try:
            left = _copy(open_below(part), local.with_suffix(ending), left, place)
        except NotHere:
            continue
    return True


def _copy(handle: int, local: Path, left: int, place: Below) -> int:
    """Copy an open file; gives how many bytes more may be read."""
    with os.fdopen(handle, "rb") as source, local.open("xb") as target:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise OSError(f"{place} cannot be read: it is larger than a file may be here")
            target.write(piece)
    return left


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why S3 does not give an object; ``absent`` where there is none."""

    reason: str
    absent: bool


def _download(place: Address, local: Path, told_as: str, most: int) -> _Refused | None:
    """Copy an object; gives why S3 refuses it.

    Raises:
        OSError: it is too large, or several files.
    """
    if place.suffix.lower() in _SEVERAL:
        raise OSError(f"{told_as} cannot be read: a Shapefile is several files; make it one, such as GeoPackage")
    from cubeql.storage.buckets import bucket_of, key_of, open_bucket
    from cubeql.storage.credentials import s3_login
    from cubeql.storage.s3faults import s3_reason
    from cubeql.storage.traffic import asked

    login = s3_login()
    bucket = open_bucket(Address("s3", bucket_of(place)), login)
    import obstore
    from obstore.exceptions import BaseError

    told, absent = "", False
    asked()
    try:
        found = obstore.get(bucket, key_of(place))
        size = int(found.meta["size"])
        if size <= most:
            local.write_bytes(found.bytes())
    except (BaseError, FileNotFoundError) as error:
        told = str(error)  # not to be kept as a cause: it repeats requests
        absent = isinstance(error, FileNotFoundError)
    if told:
        return _Refused(s3_reason(told, login.access()) or "S3 does not give it", absent)
    if size > most:
        raise OSError(f"{told_as} cannot be read: {size:,} bytes are more than are fetched; copy it to a local file")
    asked(size, requests=0)
    return None
