"""What S3 refuses is said in the same words whichever library was told; what is not about S3 is left alone."""

from __future__ import annotations

import pytest

from cubeql.storage.addresses import parse_address
from cubeql.storage.buckets import bucket_of, key_of, open_bucket
from cubeql.storage.credentials import S3Access
from cubeql.storage.s3faults import s3_reason
from tests.support.s3 import READER, SECRETS, UNKNOWN, WRITER, WRONG_SECRET, Key, S3Place

ACCESS = S3Access("thekey", "its-secret", None, "eu-1", "http://host:1", True)
NOBODY = S3Access(None, None, None, "eu-1", None, False)


@pytest.mark.parametrize(("told", "reason"), [
    ("(HTTP 403 Forbidden)\n\nSignatureDoesNotMatch: The request", "the secret is not that of key thekey"),
    ("status code: 403 Forbidden: <Code>InvalidAccessKeyId</Code>", "key thekey is not known there"),
    ("<Code>ExpiredToken</Code><Message>its-secret</Message>", "the temporary key thekey has expired; take a new one"),
    ("HTTP 404 Not Found", "the object is gone"),
    ("<Code>NoSuchBucket</Code>", "there is no such bucket"),
    ("(HTTP 301 Moved Permanently)", "the bucket is not in the region eu-1; set AWS_REGION to its own"),
    ("HTTP 418 I'm a teapot", "the service answers with HTTP 418"),
    ("IO Error: Could not connect to server error for HTTP GET to 'u'", "http://host:1 does not answer"),
    ("Timeout was reached error for HTTP HEAD to 'u'", "http://host:1 does not answer"),
    ("HTTP error: error sending request\n retry_timeout: 180s", "http://host:1 does not answer"),
])  # fmt: skip
def test_reason_says_what_would_be_right_and_repeats_nothing(told: str, reason: str) -> None:
    found = s3_reason(told, ACCESS)
    assert found is not None
    assert found.startswith(reason)
    assert "its-secret" not in found


def test_reason_says_what_was_to_be_done_and_that_there_is_no_key() -> None:
    assert s3_reason("AccessDenied", ACCESS, "write") == "key thekey may not write it (AccessDenied)"
    assert s3_reason("AccessDenied", NOBODY) == "no key was found, and nobody may read it without one (AccessDenied)"


def test_faults_that_are_not_of_s3_are_left_alone() -> None:
    for told in ("Out of Memory Error: failed to allocate", "Error: No magic bytes found", "retry_timeout: 1"):
        assert s3_reason(told, ACCESS) is None


def _asked(s3: S3Place, key: Key | None, write: bool = False) -> str:
    import obstore
    from obstore.exceptions import BaseError

    s3.use(key)
    bucket = open_bucket(parse_address(s3.address()))
    try:
        if write:
            obstore.put(bucket, "new", b"x")
        else:
            return bytes(obstore.get(bucket, "there").bytes()).decode()
    except (BaseError, OSError) as error:
        access = S3Access(key.id if key else None, None, None, "r", s3.server.endpoint, True)
        reason = s3_reason(str(error), access, "write" if write else "read")
        assert reason is not None
        assert not any(secret in reason for secret in SECRETS)
        return reason
    return "written"


def test_bucket_is_asked_with_the_key_of_the_environment(s3: S3Place) -> None:
    s3.put("there", b"bytes")
    assert _asked(s3, WRITER) == "bytes"
    assert _asked(s3, READER) == "bytes"
    assert _asked(s3, WRITER, write=True) == "written"
    assert _asked(s3, READER, write=True) == f"key {READER.id} may not write it (AccessDenied)"
    assert _asked(s3, WRONG_SECRET) == f"the secret is not that of key {WRITER.id} (SignatureDoesNotMatch)"
    assert _asked(s3, UNKNOWN) == f"key {UNKNOWN.id} is not known there (InvalidAccessKeyId)"
    assert _asked(s3, None) == "no key was found, and nobody may read it without one (AccessDenied)"


def test_names_of_bucket_and_key() -> None:
    deep, top = parse_address("s3://bucket/a/b/"), parse_address("s3://bucket")
    assert (bucket_of(deep), key_of(deep)) == ("bucket", "a/b")
    assert (bucket_of(top), key_of(top)) == ("bucket", "")
