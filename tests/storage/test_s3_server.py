"""The server that S3 is tested on: it must check keys and survive a kill, or tests that pass say nothing."""

from __future__ import annotations

import pytest

from tests.support.s3 import BUCKET, READER, UNKNOWN, WRITER, WRONG_SECRET, Key, S3Place


def _refusal(s3: S3Place, key: Key, write: bool) -> str:
    from botocore.exceptions import ClientError

    client = s3.server.client(key)
    with pytest.raises(ClientError) as caught:
        if write:
            client.put_object(Bucket=BUCKET, Key=f"{s3.prefix}/new", Body=b"x")
        else:
            client.get_object(Bucket=BUCKET, Key=f"{s3.prefix}/there")
    return str(caught.value.response["Error"]["Code"])


def test_server_checks_signatures_keys_and_rights(s3: S3Place) -> None:
    s3.put("there", b"bytes")
    assert s3.server.client(READER).get_object(Bucket=BUCKET, Key=f"{s3.prefix}/there")["Body"].read() == b"bytes"
    assert _refusal(s3, READER, write=True) == "AccessDenied"
    assert _refusal(s3, WRONG_SECRET, write=False) == "SignatureDoesNotMatch"
    assert _refusal(s3, UNKNOWN, write=False) == "InvalidAccessKeyId"


def test_server_keeps_what_was_written_when_it_is_killed(s3: S3Place) -> None:
    s3.put("kept", b"bytes")
    endpoint = s3.server.endpoint
    s3.server.kill()
    assert not s3.server.is_running
    s3.server.start()
    assert s3.server.endpoint == endpoint
    assert s3.get("kept") == b"bytes"
    assert s3.keys() == ["kept"]


def test_conditional_writes_are_held(s3: S3Place) -> None:
    from botocore.exceptions import ClientError

    client = s3.server.client(WRITER)
    where = {"Bucket": BUCKET, "Key": f"{s3.prefix}/once"}
    client.put_object(**where, Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(**where, Body=b"second", IfNoneMatch="*")
    assert s3.get("once") == b"first"
