"""Where a server listens: what addresses mean, and what they may not hold."""

from __future__ import annotations

import pytest

from cubeql.errors import ConfigError
from cubeql.flight.address import FlightAddress


@pytest.mark.parametrize(
    "text,location,shown",
    [
        ("flight://cubes.example.org:1234", "grpc+tls://cubes.example.org:1234", "flight://cubes.example.org:1234"),
        ("flight://cubes.example.org", "grpc+tls://cubes.example.org:8815", "flight://cubes.example.org:8815"),
        ("flight://h:1?tls=no", "grpc://h:1", "flight://h:1?tls=no"),
        ("FLIGHT://localhost:1", "grpc://localhost:1", "flight://localhost:1"),
        ("flight://localhost.:1", "grpc://localhost.:1", "flight://localhost.:1"),
        ("flight://localhost.evil.org:1", "grpc+tls://localhost.evil.org:1", "flight://localhost.evil.org:1"),
        ("flight://127.0.0.1:1", "grpc://127.0.0.1:1", "flight://127.0.0.1:1"),
        ("flight://127.0.0.1:1?tls=yes", "grpc+tls://127.0.0.1:1", "flight://127.0.0.1:1?tls=yes"),
        ("flight://[::1]:1/", "grpc://[::1]:1", "flight://[::1]:1"),
        ("flight://[2001:db8::1]:1", "grpc+tls://[2001:db8::1]:1", "flight://[2001:db8::1]:1"),
        ("flight://128.0.0.1:1", "grpc+tls://128.0.0.1:1", "flight://128.0.0.1:1"),
    ],
)
def test_the_way_is_encrypted_but_to_this_machine(text: str, location: str, shown: str) -> None:
    found = FlightAddress.of(text)
    assert (found.location, str(found)) == (location, shown)
    assert FlightAddress.of(shown) == found


@pytest.mark.parametrize(
    "text",
    [
        "flight://", "flight://:1", "flight://h:x", "flight://h:99999", "flight://h:1/store", "flight://h:1#f",
        "flight://h:1?tls=maybe", "flight://h:1?tls", "flight://h:1?token=secret", "flight://[::1:1",
        "flight://user:secret@h:1", "flight://secret@h:1", "http://h:1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        FlightAddress.of(text)
    assert "secret" not in str(refused.value)


def test_folders_are_no_addresses() -> None:
    assert FlightAddress.is_one("flight://h")
    assert not any(map(FlightAddress.is_one, ("store", "s3://b/flight://", "flight:/h")))
