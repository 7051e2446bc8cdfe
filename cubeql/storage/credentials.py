"""How S3 is reached: the key, the region and the endpoint, from where every AWS tool looks for them.

Keys come from the environment, a profile (``AWS_PROFILE``, ``~/.aws``), a web identity, a container or the instance's
role, in botocore's order; temporary ones are taken anew before they expire. Without any key requests are not signed,
which public buckets answer. Nothing here is imported, and nothing is asked, before an ``s3://`` address is used.
"""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from cubeql.errors import StoreError

DEFAULT_REGION = "us-east-1"
HIDDEN = "***"
_PACKAGES = ("obstore", "botocore", "duckdb_extension_httpfs")
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class S3Access:
    """What a request to S3 needs; its texts never show a secret.

    Attributes:
        key_id: None where there are no credentials: requests are not signed.
        secret: the key's secret.
        session_token: of a temporary key.
        region: where the bucket is.
        endpoint: URL of the service without a path (``http://127.0.0.1:8333``); None for AWS itself.
        path_style: whether the bucket is part of the path and not of the host's name.
        expiry: the instant from which a temporary key is worth nothing.
    """

    key_id: str | None
    secret: str | None = field(repr=False)
    session_token: str | None = field(repr=False)
    region: str
    endpoint: str | None
    path_style: bool
    expiry: datetime | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are not signed."""
        return self.key_id is None

    @property
    def use_ssl(self) -> bool:
        """Whether the connection is encrypted."""
        return self.endpoint is None or self.endpoint.startswith("https:")

    @property
    def host(self) -> str | None:
        """``host`` or ``host:port`` of the endpoint; None for AWS itself."""
        return None if self.endpoint is None else self.endpoint.partition("://")[2]

    def hide(self, text: str) -> str:
        """The text without the secret and the token, however they are quoted: libraries repeat statements and URLs."""
        for secret in (self.secret, self.session_token):
            if secret is None or len(secret) < _SHORTEST_SECRET:
                continue
            for written in _spellings(secret):
                text = text.replace(written, HIDDEN)
        return text


def _spellings(secret: str) -> list[str]:
    """A secret as SQL, URLs, Python and JSON write it, the longest first."""
    found = {secret, secret.replace("'", "''"), quote(secret), quote(secret, safe=""), quote_plus(secret),
             repr(secret)[1:-1], json.dumps(secret)[1:-1]}  # fmt: skip
    return sorted(found, key=len, reverse=True)


class S3Login:
    """Gives the access of now: the same record until the key has to be renewed. Safe to share between threads."""

    def __init__(self) -> None:
        """Find credentials and settings.

        Raises:
            StoreError: the extra is not installed, or what was found means nothing.
        """
        need_s3()
        self._lock = threading.Lock()
        self._credentials, self._settings = _found()
        self._access: S3Access | None = None

    def access(self) -> S3Access:
        """What requests made now need.

        Raises:
            StoreError: a temporary key cannot be renewed.
        """
        with self._lock:
            key = self._key()
            known = self._access
            if known is None or (known.key_id, known.secret, known.session_token) != key[:3]:
                self._access = known = S3Access(*key[:3], *self._settings, key[3])
            return known

    def _key(self) -> tuple[str | None, str | None, str | None, datetime | None]:
        if self._credentials is None:
            return None, None, None, None
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            frozen = self._credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"the key of S3 cannot be renewed: {_plain(error)}") from None
        expiry = getattr(self._credentials, "_expiry_time", None)
        return frozen.access_key, frozen.secret_key, frozen.token, expiry


def s3_login() -> S3Login:
    """The login of this process; a new one when the variables that decide it have changed.

    Raises:
        StoreError: the extra is not installed, or what was found means nothing.
    """
    return _login(tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("AWS_") or k == "HOME")))


@lru_cache(maxsize=8)
def _login(variables: tuple[tuple[str, str], ...]) -> S3Login:
    return S3Login()


def need_s3() -> None:
    """Refuse S3 where its packages are not installed.

    Raises:
        StoreError: one is missing.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise StoreError(
            f"s3:// addresses need packages that are not installed ({', '.join(missing)}); "
            "install them with: pip install 'cubeql[s3]'"
        )


def _found() -> tuple[Any, tuple[str, str | None, bool]]:
    """Credentials of botocore, None where there are none; and region, endpoint, whether the bucket is in the path."""
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = botocore.session.Session()
        return session.get_credentials(), _settings(session)
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"the credentials of S3 cannot be read: {_plain(error)}") from None


def _settings(session: Any) -> tuple[str, str | None, bool]:
    profile: Mapping[str, Any] = session.get_scoped_config()
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or profile.get("region")
    endpoint = _endpoint(session, profile)
    own = profile.get("s3")
    style = str(own.get("addressing_style", "auto")) if isinstance(own, dict) else "auto"
    virtual = os.environ.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower()
    if virtual in ("true", "false"):
        style = "virtual" if virtual == "true" else "path"
    path_style = style == "path" or (style == "auto" and endpoint is not None)
    return region or DEFAULT_REGION, endpoint, path_style


def _endpoint(session: Any, profile: Mapping[str, Any]) -> str | None:
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    services = session.full_config.get("services", {}).get(profile.get("services"), {})
    s3 = services.get("s3", {})
    places = (
        ("AWS_ENDPOINT_URL_S3", os.environ.get("AWS_ENDPOINT_URL_S3")),
        ("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT_URL")),
        ("endpoint_url of the profile's services", s3.get("endpoint_url") if isinstance(s3, dict) else None),
        ("endpoint_url of the profile", profile.get("endpoint_url")),
    )
    for where, written in places:
        if written and not ignored:
            return _url(where, str(written))
    return None


def _url(where: str, written: str) -> str:
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.username:
        shown = HIDDEN if parts.username or parts.password else repr(written)
        raise StoreError(f"{where} is {shown}; write the URL of the service alone, such as http://127.0.0.1:9000")
    return f"{parts.scheme}://{parts.netloc}"


def _plain(error: Exception) -> str:
    """The first line of an error; those of the token service may repeat what they were asked."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        told = response.get("Error", {})
        return f"{told.get('Code', 'unknown')} ({type(error).__name__})"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
