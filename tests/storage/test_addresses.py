"""Addresses: what users write, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cubeql.errors import StoreError
from cubeql.storage import Address, parse_address
from cubeql.storage.addresses import local_path


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(parse_address("store/")) == str(tmp_path / "store")


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_address("~/store") == Address("file", str(tmp_path / "store"))


def test_file_uris_are_decoded() -> None:
    assert parse_address("file:///data/my%20store") == Address("file", "/data/my store")
    assert parse_address("FILE://localhost/data") == Address("file", "/data")


def test_s3_uris_keep_bucket_and_key() -> None:
    address = parse_address("s3://bucket/some/store/")
    assert address == Address("s3", "bucket/some/store")
    assert str(address.join("layers", "rain")) == "s3://bucket/some/store/layers/rain"


@pytest.mark.parametrize(
    "text", ["", "  ", "s3://", "s3:///", "http://host/x", "file://host/x", "gs://bucket"]
)
def test_addresses_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(StoreError):
        parse_address(text)


@pytest.mark.parametrize("part", ["..", "a/../b", "/a", "", "a//b", "."])
def test_a_joined_path_stays_below(part: str) -> None:
    with pytest.raises(ValueError, match="not a relative path below"):
        parse_address("/data").join(part)


def test_only_local_addresses_have_a_local_path() -> None:
    assert local_path(parse_address("/data/store")) == Path("/data/store")
    with pytest.raises(StoreError, match="not supported yet"):
        local_path(parse_address("s3://bucket/store"))
