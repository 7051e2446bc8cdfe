"""Rasters over a network: what GDAL is told of keys and patience, and why S3 refused in words that hold no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cubeql.storage.addresses import Address
    from cubeql.storage.credentials import S3Access

_VSI = "/vsis3/"
_PATIENT = {
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "0.3",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_INGESTED_BYTES_AT_OPEN": "65536",
}


def is_s3(path: str) -> bool:
    """Whether a raster lies on S3."""
    return path.lower().startswith("s3://") or path.startswith(_VSI)


@contextmanager
def reached(path: str) -> Iterator[None]:
    """Have GDAL reach a raster: keys for one on S3, patience for every one over a network, nothing for a local one.

    Raises:
        StoreError: it is on S3, and its packages are not installed or there is no access.
    """
    if not is_s3(path) and "://" not in path and not path.startswith("/vsi"):
        yield
        return
    import rasterio

    with rasterio.Env(session=_session(path), **_PATIENT):
        yield


def _session(path: str) -> Any:
    """What gives rasterio the options of an access; it would take them from boto3 alone, or refuse them."""
    from rasterio.session import DummySession, Session

    if not is_s3(path):
        return DummySession()
    from cubeql.storage.credentials import s3_login

    options = gdal_options(s3_login().access())

    class Given(Session):  # type: ignore[misc]
        @classmethod
        def hascreds(cls, config: Any) -> bool:
            return True

        def get_credential_options(self) -> dict[str, str]:
            return options

    return Given()


def gdal_options(access: S3Access) -> dict[str, str]:
    """An access as GDAL wants to be told of it; what is left out it would take from the environment."""
    options = {
        "AWS_REGION": access.region,
        "AWS_VIRTUAL_HOSTING": "FALSE" if access.path_style else "TRUE",
        "AWS_HTTPS": "YES" if access.use_ssl else "NO",
        "AWS_NO_SIGN_REQUEST": "YES" if access.is_anonymous else "NO",
        "AWS_ACCESS_KEY_ID": access.key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret,
        "AWS_SESSION_TOKEN": access.session_token,
        "AWS_S3_ENDPOINT": access.host,
    }
    return {name: value for name, value in options.items() if value is not None}


def s3_address(path: str) -> Address:
    """The address of a raster on S3, as ``s3://`` or as GDAL writes it."""
    from cubeql.storage.addresses import parse_address

    return parse_address(f"s3://{path.removeprefix(_VSI)}" if path.startswith(_VSI) else path)


def state_on_s3(path: str) -> str:
    """Etag and size of an object; '' where S3 does not tell, since opening it will say why."""
    from obstore.exceptions import BaseError

    from cubeql.errors import StoreError

    try:
        found = _asked(path)
    except (BaseError, OSError, StoreError):
        return ""
    return f"{found['e_tag']}|{found['size']}"


def why_refused(path: str) -> str | None:
    """Why S3 does not give an object; None where it does."""
    from obstore.exceptions import BaseError

    from cubeql.storage.credentials import s3_login
    from cubeql.storage.s3faults import s3_reason

    try:
        _asked(path)
    except (BaseError, OSError) as error:
        access = s3_login().access()
        return s3_reason(str(error), access) or access.hide(str(error).partition("\n")[0])
    return None


def _asked(path: str) -> Any:
    """What S3 says of an object; asked by GET, since refusals of HEAD have no reason."""
    import obstore

    from cubeql.storage.addresses import Address
    from cubeql.storage.buckets import bucket_of, key_of, open_bucket

    address = s3_address(path)
    return obstore.get(open_bucket(Address("s3", bucket_of(address))), key_of(address), options={"range": (0, 1)}).meta
