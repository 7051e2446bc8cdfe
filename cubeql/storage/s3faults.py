"""What S3 refuses, in words that say what would be right; the same for every library that asks it."""

from __future__ import annotations

import re

from cubeql.storage.credentials import S3Access

# Codes of the S3 API, as they stand in the answers of services.
_REASONS = {
    "SignatureDoesNotMatch": "the secret is not that of {key}",
    "InvalidAccessKeyId": "{key} is not known there",
    "AccessDenied": "{key} may not {verb} it",
    "AllAccessDisabled": "{key} may not {verb} it",
    "ExpiredToken": "the temporary {key} has expired; take a new one",
    "ExpiredTokenException": "the temporary {key} has expired; take a new one",
    "TokenRefreshRequired": "the temporary {key} has expired; take a new one",
    "InvalidToken": "the session token of {key} is not valid",
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "the object is gone",
    "PermanentRedirect": "the bucket is not in the region {region}; set AWS_REGION to its own",
    "AuthorizationHeaderMalformed": "the bucket is not in the region {region}; set AWS_REGION to its own",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "SlowDown": "the service asks for fewer requests; try again later",
    "InsufficientStorage": "the service has no space left",
}
_STATUSES = {"401": "AccessDenied", "403": "AccessDenied", "404": "NoSuchKey", "301": "PermanentRedirect",
             "503": "SlowDown", "507": "InsufficientStorage"}  # fmt: skip
_CODE = re.compile(r"\b(" + "|".join(sorted(_REASONS, key=len, reverse=True)) + r")\b")
_STATUS = re.compile(r"\b(?:HTTP|status|status code):?\s*([345]\d\d)\b")
_AWAY = re.compile(
    r"error for HTTP [A-Z]+ to|error sending request|kind: timeout|timed out|connection (?:refused|reset|closed)"
    r"|could(?: not|n't) (?:connect|resolve)|dns error|broken pipe",
    re.IGNORECASE,
)


def s3_reason(told: str, access: S3Access, verb: str = "read") -> str | None:
    """Why S3 refused, from what a library says about it; None where that is not about S3.

    Args:
        told: the text of the library's error, of any length; nothing of it is repeated but codes.
        access: how S3 was asked.
        verb: what was to be done, ``read`` or ``write``.
    """
    found = _CODE.search(told)
    if found is not None:
        return _sentence(found[1], access, verb)
    status = _STATUS.search(told)
    if status is not None:
        code = _STATUSES.get(status[1])
        return _sentence(code, access, verb) if code else f"the service answers with HTTP {status[1]}"
    if _AWAY.search(told):
        return f"{access.endpoint or 'the service'} does not answer"
    return None


def _sentence(code: str, access: S3Access, verb: str) -> str:
    key = f"key {access.key_id}"
    if access.is_anonymous and code in ("AccessDenied", "AllAccessDisabled"):
        return f"no key was found, and nobody may {verb} it without one ({code})"
    return _REASONS[code].format(key=key, verb=verb, region=access.region) + f" ({code})"
