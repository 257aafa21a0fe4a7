"""bus/wiring/stores.py: the password of a store's server in a file beside the URL."""

from pathlib import Path

import pytest

from bus.errors import BadConfig
from bus.store.open import is_current
from bus.wiring.config import Config, parse
from bus.wiring.stores import bring_up, line_in_clear, store_url


def config(store: str, password: Path | None = None) -> Config:
    said = f'store_password_file = "{password}"\n' if password else ""
    text = f'mailbox = "H49"\nkeys = "k"\nstore = "{store}"\n{said}'
    text += '[broker]\nurl = "amqps://b/v"\n[adapter]\nuse = "a:B"\n'
    return parse(text.encode(), name="H49.toml")


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.touch(mode=0o600)
    path.write_text("tôi/đi@chợ\n", encoding="utf-8")
    return path


def test_it_is_put_into_the_url(password: Path) -> None:
    """Whatever characters it has."""
    assert store_url(config("postgresql+psycopg://bus@db:5432/x?sslmode=verify-full", password)) == (
        "postgresql+psycopg://bus:t%C3%B4i%2F%C4%91i%40ch%E1%BB%A3@db:5432/x?sslmode=verify-full"
    )


def test_without_a_file_the_url_is_as_it_stands() -> None:
    """libpq may know the password."""
    assert store_url(config("postgresql+psycopg://bus@db/x")) == "postgresql+psycopg://bus@db/x"


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql+psycopg://db/x", "postgresql+psycopg://bus:old@db/x"])
def test_a_url_without_a_place_for_it(password: Path, url: str) -> None:
    """No user, or a password already: one of the two is not meant."""
    with pytest.raises(BadConfig, match="store_password_file") as caught:
        store_url(config(url, password))
    assert "old" not in str(caught.value)


def test_a_file_that_others_can_read(password: Path) -> None:
    """As every secret."""
    password.chmod(0o644)
    with pytest.raises(BadConfig):
        store_url(config("postgresql+psycopg://bus@db/x", password))


@pytest.mark.parametrize(
    ("store", "host"),
    [
        ("sqlite:////var/lib/x.db", None),
        ("postgresql+psycopg://bus@localhost/x", None),
        ("postgresql+psycopg://bus@/x?host=/run/postgresql", None),
        ("postgresql+psycopg://bus@db.example.vn/x", "db.example.vn"),
        ("postgresql+psycopg://bus@db.example.vn/x?sslmode=prefer", "db.example.vn"),
        ("postgresql+psycopg://bus@db.example.vn/x?sslmode=verify-full", None),
    ],
)
def test_a_line_to_a_server_elsewhere_is_encrypted_or_said(store: str, host: str | None) -> None:
    """libpq asks for encryption by default, and goes on without it where the server has none."""
    assert line_in_clear(store) == host


def test_a_folder_with_a_bus_of_its_own_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon may be started anywhere: its store is brought up by our code, and no `bus.py` of that folder is."""
    (tmp_path / "bus.py").write_text("open('executed', 'w').close()\nraise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    made = config(f"sqlite:///{tmp_path}/H49.db")
    bring_up([made])
    assert is_current(made.store, owner=made.mailbox), "brought up by a process of its own"
    assert not (tmp_path / "executed").exists()
