"""A bucket of S3 as ``obstore`` talks to it, with the access of now for every request."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cubeql.storage.addresses import Address
from cubeql.storage.credentials import S3Access, S3Login, s3_login

if TYPE_CHECKING:
    from obstore.store import S3Credential, S3Store

CONNECT_S = 5
_SILENCE_S = 30
_REQUEST_S = 600
RETRIES = 4
RETRY_S = 30


def bucket_of(address: Address) -> str:
    """The name of the bucket that an address lies in."""
    return address.path.partition("/")[0]


def key_of(address: Address) -> str:
    """The name of an address in its bucket; empty for the bucket itself."""
    return address.path.partition("/")[2]


def open_bucket(address: Address, login: S3Login | None = None, retries: int = RETRIES) -> S3Store:
    """The objects below an address; nothing is asked before the first request.

    Args:
        address: a bucket, or a place in one.
        login: where the key comes from.
        retries: how often a request without a good answer is made anew.

    Raises:
        StoreError: the extra is not installed, or there is no access.
    """
    login = login or s3_login()
    from obstore.store import S3Store

    first = login.access()

    def credential() -> S3Credential:
        access = login.access()
        return {
            "access_key_id": access.key_id or "", "secret_access_key": access.secret or "",
            "token": access.session_token, "expires_at": access.expiry,
        }  # fmt: skip

    return S3Store(
        bucket_of(address),
        prefix=key_of(address) or None,
        config={
            "region": first.region,
            "virtual_hosted_style_request": not first.path_style,
            "skip_signature": first.is_anonymous,
            **({"aws_endpoint_url_s3": _endpoint(first, address)} if first.endpoint is not None else {}),
        },
        client_options={
            "allow_http": not first.use_ssl,
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "read_timeout": timedelta(seconds=_SILENCE_S),
            "timeout": timedelta(seconds=_REQUEST_S),
        },
        retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=RETRY_S)},
        **({} if first.is_anonymous else {"credential_provider": credential}),
    )


def _endpoint(access: S3Access, address: Address) -> str:
    """Of a service that takes the bucket in the host's name, that host.

    It must be given by the name that is asked first, or ``obstore`` would take the environment's.
    """
    scheme, _, host = (access.endpoint or "").partition("://")
    return f"{scheme}://{host}" if access.path_style else f"{scheme}://{bucket_of(address)}.{host}"
