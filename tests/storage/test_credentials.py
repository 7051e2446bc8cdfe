"""How S3 is reached: found where every tool looks, renewed in time, and never shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cubeql.errors import StoreError
from cubeql.storage import credentials
from cubeql.storage.credentials import S3Access, s3_login

pytest.importorskip("botocore")

SECRET = "very/secret+with'quote\"and\\slash"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _set(monkeypatch: pytest.MonkeyPatch, **variables: str) -> S3Access:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return s3_login().access()


def test_environment_gives_key_token_region_and_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _set(
        monkeypatch, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY=SECRET, AWS_SESSION_TOKEN="token",
        AWS_REGION="eu-central-1", AWS_ENDPOINT_URL="http://general:1", AWS_ENDPOINT_URL_S3="http://127.0.0.1:9000/",
    )  # fmt: skip
    assert (found.key_id, found.secret, found.session_token) == ("key", SECRET, "token")
    assert (found.region, found.endpoint, found.host) == ("eu-central-1", "http://127.0.0.1:9000", "127.0.0.1:9000")
    assert found.path_style
    assert not found.use_ssl
    assert not found.is_anonymous


def test_no_key_anywhere_means_requests_are_not_signed() -> None:
    found = s3_login().access()
    assert found.is_anonymous
    assert (found.endpoint, found.host, found.region) == (None, None, "us-east-1")
    assert found.use_ssl
    assert not found.path_style


def test_profile_gives_key_region_endpoint_and_style(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(f"[lab]\naws_access_key_id = labkey\naws_secret_access_key = {SECRET}\n")
    (tmp_path / "config").write_text(
        "[profile lab]\nregion = lab-1\nendpoint_url = https://lab.example\ns3 =\n  addressing_style = virtual\n"
    )
    found = _set(monkeypatch, AWS_PROFILE="lab")
    assert (found.key_id, found.secret, found.region) == ("labkey", SECRET, "lab-1")
    assert (found.endpoint, found.path_style, found.use_ssl) == ("https://lab.example", False, True)


def test_services_section_of_a_profile_names_the_endpoint_of_s3_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile lab]\nservices = ours\nendpoint_url = https://others\n[services ours]\n"
        "s3 =\n  endpoint_url = https://s3.lab\n"
    )
    assert _set(monkeypatch, AWS_PROFILE="lab").endpoint == "https://s3.lab"


def test_configured_endpoints_can_be_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _set(monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.1:9000", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
    assert found.endpoint is None


@pytest.mark.parametrize("url", ["localhost:9000", "ftp://host", "http://host/path", "http://"])
def test_endpoint_that_is_no_url_of_a_service_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(StoreError, match=r"AWS_ENDPOINT_URL_S3 is .* write the URL of the service alone"):
        _set(monkeypatch, AWS_ENDPOINT_URL_S3=url)


def test_endpoint_with_a_password_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError) as caught:
        _set(monkeypatch, AWS_ENDPOINT_URL_S3="http://me:hushhush@host")
    assert "hushhush" not in str(caught.value)


def test_unknown_profile_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match=r"nosuchprofile"):
        _set(monkeypatch, AWS_PROFILE="nosuchprofile")


def test_half_a_key_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="AWS_SECRET_ACCESS_KEY"):
        _set(monkeypatch, AWS_ACCESS_KEY_ID="key")


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_PACKAGES", ("obstore", "no_such_package_at_all"))
    with pytest.raises(StoreError, match=r"no_such_package_at_all.*pip install 'cubeql\[s3\]'"):
        credentials.S3Login()


def test_secrets_are_never_in_the_text_of_an_access(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _set(monkeypatch, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY=SECRET, AWS_SESSION_TOKEN="tokentoken")
    for text in (repr(found), str(found), f"{found}", repr(s3_login())):
        assert "secret" not in text.lower().replace("secret=", "")
        assert "tokentoken" not in text


@pytest.mark.parametrize("written", [
    SECRET, SECRET.replace("'", "''"), json.dumps(SECRET)[1:-1], repr(SECRET)[1:-1],
    "very%2Fsecret%2Bwith%27quote%22and%5Cslash",
])  # fmt: skip
def test_hide_takes_the_secret_out_of_a_text_however_it_is_quoted(written: str) -> None:
    access = S3Access("key", SECRET, "tokentoken", "r", None, False)
    assert access.hide(f"SECRET '{written}' and tokentoken.") == "SECRET '***' and ***."


class _TokenService(BaseHTTPRequestHandler):
    """Gives a temporary key for a web identity: the first is as good as expired, those after it last."""

    given = 0
    refuses = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).refuses:
            told = "<Code>ExpiredTokenException</Code><Message>jwt-of-it</Message>"
            self._answer(400, f"<ErrorResponse><Error>{told}</Error></ErrorResponse>")
            return
        type(self).given += 1
        lasts = timedelta(seconds=2) if type(self).given == 1 else timedelta(hours=1)
        until = (datetime.now(UTC) + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._answer(200, f"""<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
            <AccessKeyId>key{type(self).given}</AccessKeyId><SecretAccessKey>temporary</SecretAccessKey>
            <SessionToken>token{type(self).given}</SessionToken><Expiration>{until}</Expiration>
            </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>""")  # fmt: skip

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def token_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[_TokenService]]:
    class Service(_TokenService):
        pass

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        (tmp_path / "jwt").write_text("jwt-of-it")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "jwt"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield Service
        server.shutdown()
        thread.join()


def test_temporary_key_of_a_web_identity_is_renewed_before_it_expires(token_service: type[_TokenService]) -> None:
    login = s3_login()
    first = login.access()
    then = login.access()
    assert (first.key_id, first.session_token) == ("key1", "token1")
    assert (then.key_id, then.session_token) == ("key2", "token2")
    assert then.expiry is not None
    assert then.expiry > datetime.now(UTC) + timedelta(minutes=30)
    assert login.access() is then


def test_key_that_cannot_be_renewed_is_a_store_error_without_what_was_asked(token_service: type[_TokenService]) -> None:
    login = s3_login()
    login.access()
    token_service.refuses = True
    with pytest.raises(StoreError) as caught:
        login.access()
    assert "jwt-of-it" not in str(caught.value)
