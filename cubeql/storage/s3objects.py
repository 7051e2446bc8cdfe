"""Objects in a bucket of S3, or of a service that speaks like it.

An object appears by a conditional PUT, which fails where there is one, and is changed by one that fails where it is
another. S3 has no conditional DELETE that every service knows: what is taken becomes an empty object, which is as good
as none and may be made anew.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, BinaryIO

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.buckets import CONNECT_S, RETRIES, RETRY_S, open_bucket
from cubeql.storage.credentials import S3Access, S3Login, s3_login
from cubeql.storage.objects import Answer, Asked, Entry, Held, ObjectChanged, ObjectExists, ObjectMissing
from cubeql.storage.rangefile import RangeFile
from cubeql.storage.s3faults import s3_reason
from cubeql.storage.traffic import asked, listening, metered

GONE = b""
"""What an object that was taken holds."""
ATTEMPTS = 7
FIRST_WAIT_S = 0.2
PATIENCE_S = 60
_LISTED = 1000
_PART = 16 * 1024 * 1024
_AT_ONCE = 16


class S3Objects:
    """:class:`~cubeql.storage.objects.Objects` below an address on S3."""

    def __init__(self, address: Address, login: S3Login | None = None) -> None:
        """Objects below an address; nothing is asked yet.

        Raises:
            StoreError: the packages for S3 are not installed, or there is no access.
        """
        self.address = address
        self._login = login or s3_login()
        self._bucket = open_bucket(address, self._login)
        # Only who counts attempts himself can tell his own object from that of another.
        self._once = open_bucket(address, self._login, retries=0)

    def uri(self, name: str) -> str:
        """The ``s3://`` address of an object."""
        return f"{self.address}/{name}" if name else str(self.address)

    @property
    def options(self) -> Mapping[str, str]:
        """How ``deltalake`` is to ask."""
        return delta_options(self._login.access())

    def reason(self, error: BaseException, verb: str = "read") -> str:
        """Why S3 refused, in words that hold no secret."""
        access = self._login.access()
        told = s3_reason(str(error), access, verb)
        return told or access.hide(str(error).partition("\n")[0])

    def read(self, name: str) -> Held | None:
        """The content of a small object, None where there is none."""
        import obstore

        with self._told(name, "read"):
            try:
                found = obstore.get(self._bucket, name)
            except FileNotFoundError as error:
                self._check_bucket(name, error)
                return None
            content = bytes(found.bytes())
        asked(len(content), requests=0)
        return Held(content, str(found.meta["e_tag"])) if content != GONE else None

    def exists(self, name: str) -> bool:
        """Whether there is an object of a name."""
        return self._size(name) > 0

    def create(self, name: str, content: bytes) -> str:
        """Make a small object; ObjectExists where there is one."""
        try:
            return self._put(name, content, "create")
        except ObjectChanged:
            tag = self._tag_of_gone(name)
        if tag is None:
            raise ObjectExists(self.uri(name))
        try:
            return self._put(name, content, {"e_tag": tag})
        except ObjectChanged:
            raise ObjectExists(self.uri(name)) from None

    def swap(self, name: str, content: bytes, tag: str) -> str:
        """Put other content in the place of what a tag stands for."""
        return self._put(name, content, {"e_tag": tag})

    def take(self, name: str, tag: str) -> None:
        """Leave an empty object where a tag stands for one."""
        self._put(name, GONE, {"e_tag": tag})

    def remove(self, names: list[str]) -> None:
        """Remove objects, many with one request."""
        import obstore

        if not names:
            return
        with self._told(names[0], "removed"):
            for start in range(0, len(names), _LISTED):
                asked(requests=min(start, 1))
                obstore.delete(self._bucket, names[start : start + _LISTED])

    def entries(self, folder: str = "") -> Iterator[Entry]:
        """All objects below a folder."""
        import obstore

        with self._told(folder, "listed"):
            for number, page in enumerate(obstore.list(self._bucket, folder or None, chunk_size=_LISTED)):
                asked(requests=min(number, 1))  # the first is counted before there is a page
                for meta in page:
                    if meta["size"]:
                        yield Entry(meta["path"], meta["size"], meta["last_modified"], str(meta["e_tag"]))

    def each(self, ask: Callable[[Asked], Answer], things: list[Asked]) -> list[Answer]:
        """Several at once: most of the time is waiting."""
        if len(things) < 2:
            return [ask(thing) for thing in things]
        meter = listening()

        def counted(thing: Asked) -> Answer:
            with metered(meter):
                return ask(thing)

        with ThreadPoolExecutor(min(_AT_ONCE, len(things))) as pool:
            return list(pool.map(counted, things))

    def children(self) -> list[str]:
        """First parts of the names that a first list has: a service may show folders in which nothing is left."""
        return sorted({entry.name.partition("/")[0] for entry in islice(self.entries(), _LISTED)})

    def open(self, name: str) -> Any:
        """An object for reads anywhere in it."""
        size = self._size(name)
        if size == 0:
            raise ObjectMissing(f"{self.uri(name)}: there is no such object")
        return RangeFile(size, lambda start, end: self._range(name, start, end))

    def begin(self, name: str) -> NewS3Object:
        """Begin an object: a local file without a name, sent when it is finished."""
        return NewS3Object(self, name)

    def send(self, name: str, file: BinaryIO) -> None:
        """Send a finished file; it appears whole or not at all."""
        import obstore

        with self._told(name, "written", "write"):
            obstore.put(self._bucket, name, file, chunk_size=_PART, max_concurrency=4)

    # -------------------------------------------------------------- asking

    def _size(self, name: str) -> int:
        import obstore

        with self._told(name, "read"):
            try:
                return int(obstore.head(self._bucket, name)["size"])
            except FileNotFoundError:
                return 0

    def _range(self, name: str, start: int, end: int) -> bytes:
        import obstore

        with self._told(name, "read"):
            try:
                found = bytes(obstore.get_range(self._bucket, name, start=start, end=end))
            except FileNotFoundError:
                raise ObjectMissing(f"{self.uri(name)}: there is no such object") from None
        asked(len(found), requests=0)
        return found

    def _tag_of_gone(self, name: str) -> str | None:
        """The tag of an object that was taken; None of one that holds something."""
        import obstore

        with self._told(name, "read"):
            try:
                meta = obstore.head(self._bucket, name)
            except FileNotFoundError:
                return None
        return None if meta["size"] else str(meta["e_tag"])

    def _put(self, name: str, content: bytes, mode: Any) -> str:
        """A conditional PUT; ObjectChanged where its condition does not hold.

        An attempt without an answer may have succeeded: where the next one finds what was to be written, it has.
        """
        import obstore

        unsure = False
        give_up = time.monotonic() + PATIENCE_S
        for attempt in range(ATTEMPTS):
            asked()
            try:
                return str(obstore.put(self._once, name, content, mode=mode, use_multipart=False)["e_tag"])
            except Exception as error:
                if _is_changed(error):
                    held = self._whatever(name) if unsure else None
                    if held is not None and held.content == content:
                        return held.tag
                    raise ObjectChanged(self.uri(name)) from None
                if not _may_pass(error):
                    raise self._refused(name, "written", error, "write") from None
                unsure = unsure or not _never_sent(error)
                if attempt == ATTEMPTS - 1 or time.monotonic() > give_up:
                    refused = self._refused(name, "written", error, "write")
                    raise (_doubtful(refused) if unsure else refused) from None
            time.sleep(random.uniform(0.5, 1) * FIRST_WAIT_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _whatever(self, name: str) -> Held | None:
        """What an object holds, be it gone."""
        import obstore

        with self._told(name, "read"):
            try:
                found = obstore.get(self._bucket, name)
                return Held(bytes(found.bytes()), str(found.meta["e_tag"]))
            except FileNotFoundError:
                return None

    def _check_bucket(self, name: str, error: Exception) -> None:
        if "NoSuchBucket" in str(error):
            raise self._refused(name, "read", error) from None

    @contextlib.contextmanager
    def _told(self, name: str, what: str, verb: str = "read") -> Iterator[None]:
        from obstore.exceptions import BaseError

        asked()
        try:
            yield
        except (BaseError, OSError) as error:
            raise self._refused(name, what, error, verb) from None

    def _refused(self, name: str, what: str, error: BaseException, verb: str = "read") -> StoreError:
        # The library's own error is not chained: it repeats requests.
        return StoreError(f"{self.uri(name)}: cannot be {what}: {self.reason(error, verb)}")


class NewS3Object:
    """An object being written to a local file that has no name, so that nothing is left of it whatever happens."""

    def __init__(self, objects: S3Objects, name: str) -> None:
        """Begin it."""
        self._objects, self._name = objects, name
        self.place = f"{objects.uri(name)}, made in {tempfile.gettempdir()}"
        try:
            self.file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is finished or discarded
        except OSError as error:
            raise StoreError(f"{tempfile.gettempdir()}: no file can be made here: {error.strerror}") from error

    def finish(self) -> int:
        """Send it; gives its size."""
        try:
            size = self.file.tell()
            self.file.seek(0)  # what is still in the buffer is written now
        except OSError as error:
            raise StoreError(f"{self.place}: the file cannot be written: {error.strerror}") from error
        with self.file as file:
            self._objects.send(self._name, file)
        return size

    def discard(self) -> None:
        """Leave nothing of it."""
        with contextlib.suppress(OSError):
            self.file.close()


def delta_options(access: S3Access) -> dict[str, str]:
    """How ``deltalake`` asks a service, said in full: what is left out it would take from the environment."""
    options = {
        "AWS_REGION": access.region,
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": str(not access.path_style).lower(),
        "AWS_ALLOW_HTTP": str(not access.use_ssl).lower(),
        "AWS_SKIP_SIGNATURE": str(access.is_anonymous).lower(),
        "AWS_CONDITIONAL_PUT": "etag",
        "connect_timeout": f"{CONNECT_S}s",
        "max_retries": str(RETRIES),  # by itself it would try for three minutes
        "retry_timeout": f"{RETRY_S}s",
    }
    given = {
        "AWS_ACCESS_KEY_ID": access.key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret,
        "AWS_SESSION_TOKEN": access.session_token,
        "AWS_ENDPOINT_URL": access.endpoint,
        "AWS_ENDPOINT_URL_S3": access.endpoint,  # asked first, or the environment's would be taken
    }
    return options | {name: value for name, value in given.items() if value is not None}


def _is_changed(error: Exception) -> bool:
    from obstore.exceptions import AlreadyExistsError, NotModifiedError, PreconditionError

    if isinstance(error, FileNotFoundError):
        return "NoSuchBucket" not in str(error)
    return isinstance(error, AlreadyExistsError | PreconditionError | NotModifiedError)


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError

    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or not isinstance(error, GenericError):
        return False
    told = str(error)
    return "status code: 4" not in told or any(f"status code: {code}" in told for code in (408, 409, 429))


def _never_sent(error: Exception) -> bool:
    return "kind: Connect" in str(error)


def _doubtful(error: StoreError) -> StoreError:
    return StoreError(f"{error}; whether it was written all the same is not known")
