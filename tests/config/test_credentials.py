"""Secrets: found where the configuration says, checked, and never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.conftest import Load
from watcher.model import EmailSettings, Secret

MAIL = '[channels.m]\ntype = "email"\nto = ["a@example.org"]\nfrom = "b@example.org"\nusername = "u"\npassword = {}\n'


def password(loaded) -> Secret | None:
    settings = loaded.channels["m"][1]
    assert isinstance(settings, EmailSettings)
    return settings.password


def secret_file(tmp_path: Path, content: bytes, mode: int = 0o600) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"hunter2\r\n", b"hunter2\n\n"])
def test_a_file_gives_its_line_without_the_end(load: Load, tmp_path: Path, content: bytes) -> None:
    secret_file(tmp_path, content)
    loaded = load(MAIL.format('{ file = "secret" }'))
    assert password(loaded) == Secret("hunter2")
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"  \n", "is empty"),
        (b"a\nb\n", "more than one line"),
        (b"a\0b", "control characters"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 10**7, "larger than 65,536 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_an_error_that_does_not_show_it(refused, tmp_path: Path, content: bytes, said: str) -> None:
    secret_file(tmp_path, content)
    message = refused(MAIL.format('{ file = "secret" }'))
    assert "watcher.toml:6: channels.m.password: the secret file secret " in message
    assert said in message
    assert len(message) < 500


def test_missing_files_folders_and_fifos_are_errors(refused, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, said in (
        ("nowhere", "there is no such file"),
        (".", "a directory"),
        ("fifo", "not a regular file"),
        ("/dev/zero", "not a regular file"),
    ):
        assert f"the secret file {name} cannot be read: {said}" in refused(MAIL.format(f'{{ file = "{name}" }}'))


def test_a_file_that_everyone_can_read_is_a_warning(load: Load, tmp_path: Path) -> None:
    secret_file(tmp_path, b"hunter2", 0o644)
    loaded = load(MAIL.format('{ file = "secret" }'))
    assert "can be read by everyone: chmod 600" in str(loaded.warnings[0])


def test_a_credential_comes_from_the_units_folder(load: Load, refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "smtp").write_text("hunter2\n")
    text = MAIL.format('{ credential = "smtp" }')
    assert password(load(text, credentials_dir=tmp_path / "creds")) == Secret("hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "creds"))
    assert password(load(text)) == Secret("hunter2")
    assert "the credential nobody cannot be read: there is no such file" in refused(MAIL.format('{ credential = "nobody" }'))


def test_outside_the_unit_a_missing_credential_is_a_warning_and_an_empty_secret(load: Load) -> None:
    loaded = load(MAIL.format('{ credential = "smtp" }') + '[channels.s]\ntype = "slack"\nurl = { credential = "slack-url" }\n')
    assert password(loaded) == Secret("")
    assert not loaded.channels["s"][1].url
    assert [warning.line for warning in loaded.warnings] == [6, 9]
    assert "only inside the systemd unit (LoadCredential=smtp:" in str(loaded.warnings[0])


def test_outside_the_unit_a_page_off_loopback_lets_nobody_in(load: Load) -> None:
    """An empty password there would be an open door."""
    loaded = load('[web]\nlisten = "0.0.0.0:8080"\npassword = { credential = "web" }')
    assert loaded.web is not None
    assert loaded.web.password is not None
    assert len(loaded.web.password.reveal()) >= 32


def test_the_environment_and_a_literal_work(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    assert password(load(MAIL.format('{ env = "SMTP_PASSWORD" }'))) == Secret("hunter2")
    loaded = load(MAIL.format('"hunter2"'))
    assert password(loaded) == Secret("hunter2")
    assert "a secret in the file itself" in str(loaded.warnings[0])


def test_no_message_and_no_value_shows_a_secret(load: Load, refused, tmp_path: Path) -> None:
    secret_file(tmp_path, b"https://hunter2 .example/")
    text = (
        '[[feeds]]\nurl = "https://example.org/"\nheaders = { Authorization = "Bearer hunter2" }\n'
        '[channels.w]\ntype = "webhook"\nurl = "https://x.example/"\nsecret = "hunter2"\n'
        '[channels.a]\ntype = "apprise"\nurl = "ntfy://hunter2"\n'
    )
    loaded = load(text)
    assert "hunter2" not in repr(loaded) + "".join(map(str, loaded.warnings))
    said = refused(text + '[channels.s]\ntype = "slack"\nurl = { file = "secret" }\n[channels.t]\ntype = "slack"\nurl = "hunter2"\n')
    assert "hunter2" not in said
    assert said.count("the secret is no URL") == 2


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[feeds]]\nurl = "https://example.org/rss"\nproxy = "http://u:hunter2@p.example.org:1"\n', "feeds[1].proxy"),
        ('[fetch]\nproxy = "http://u:hunter2@p.example.org:1"\n', "fetch.proxy"),
        ('[operators]\nheartbeat = { url = "https://u:hunter2@hc.example.org/1" }\n', "operators.heartbeat.url"),
        ('[channels.w]\ntype = "webhook"\nurl = "https://hunter2@in.example.org/"\n', "channels.w.url"),
    ],
)
def test_a_login_in_a_url_is_a_secret_in_the_file_and_is_not_shown(load: Load, text: str, key: str) -> None:
    loaded = load(text)
    (warning,) = loaded.warnings
    assert f"{key}: a " in str(warning)
    assert "in the file itself" in str(warning)
    assert "hunter2" not in str(warning) + repr(loaded.feeds) + repr(loaded.operators) + repr(loaded.channels)


def test_urls_without_a_login_may_stand_in_the_file(load: Load) -> None:
    text = '[[feeds]]\nurl = "https://example.org/@desk"\nproxy = "http://p.example.org:1"\n[operators]\nheartbeat = { url = "https://hc.example.org:8443/@1" }\n'
    assert load(text).warnings == ()


@pytest.mark.parametrize(
    "url", ["ftp://u:hunter2@p/", "http://u:hunter2/x@p/", "u:hunter2@p", "http://hunter2@p:0/", "http://u:hunt@er2@ p/"]
)
def test_a_broken_url_is_named_without_its_login(refused, url: str) -> None:
    said = refused(f'[fetch]\nproxy = "{url}"\n[[feeds]]\nurl = "{url}"\nproxy = "{url}"\n')
    assert said.count("expected a URL") == 3
    assert "hunt" not in said
