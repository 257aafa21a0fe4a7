"""The defaults file of the commands: values of options that nobody wants to type twice. A value on the command line
comes first, then the environment, then the person's own file, then the machine's.

An option may stand in the file where it has an environment variable; NAMES says under which name. Nothing is read
before a command misses a value.
"""

import difflib
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from bus.errors import BadConfig, Words, of_system, said
from schemas.codes import Label

VARIABLE: Final = "LIENTHONG_DEFAULTS"
"""Environment variable: the one file to read instead of the usual two; empty: none."""
SYSTEM: Final = Path("/etc/lienthong/lienthong.toml")
CONFIGS: Final = "configs"
"""The argument of `adapter check`: the one file there is, where none is named."""
_META: Final = "bus.cli.defaults"


class Shape(Enum):
    """What a value in the file is."""

    TEXT = "text"
    PATH = "path"
    """Relative to the folder of the file; `~` is the home."""
    URLS = "urls"
    """A URL, or a list of them: a cluster."""
    PATHS = "paths"
    TEXTS = "texts"


class Name(NamedTuple):
    """A name in the file."""

    variable: str
    """The environment variable of the same options."""
    shape: Shape
    meaning: Label
    example: str


NAMES: Final[Mapping[str, Name]] = {
    "config": Name(
        "LIENTHONG_CONFIG",
        Shape.PATH,
        Label("tệp cấu hình của tiến trình hộp thư (-c)", "the daemon's file of a mailbox (-c)"),
        '"/etc/lienthong/H49.toml"',
    ),
    "directory": Name(
        "LIENTHONG_DIRECTORY",
        Shape.PATH,
        Label("bản danh mục đã ký, hoặc thư mục tệp TOML", "the signed directory, or a folder of TOML files"),
        '"/var/lib/lienthong/directory.lt"',
    ),
    "root": Name(
        "LIENTHONG_ROOT",
        Shape.PATH,
        Label("chứng thư gốc (PEM)", "the trusted roots (PEM)"),
        '"/etc/lienthong/root.pem"',
    ),
    "management": Name(
        "LIENTHONG_MANAGEMENT_URL",
        Shape.URLS,
        Label(
            "cổng quản trị RabbitMQ; có mật khẩu thì tệp này phải chmod 600",
            "RabbitMQ's management; with a password in it this file must be chmod 600",
        ),
        '"https://quantri:MAT-KHAU@bus.example.vn:15671"',
    ),
    "vhost": Name(
        "LIENTHONG_VHOST", Shape.TEXT, Label("máy chủ ảo của trục", "virtual host of the bus"), '"lienthong"'
    ),
    "login": Name(
        "LIENTHONG_LOGIN",
        Shape.TEXT,
        Label("RabbitMQ gọi tên người dùng ra sao", "how the broker calls its users"),
        '"urn"',
    ),
    "credentials": Name(
        "LIENTHONG_CREDENTIALS",
        Shape.PATH,
        Label("mật khẩu của người dùng RabbitMQ (TOML)", "passwords of the broker's users (TOML)"),
        '"/etc/lienthong/passwords.toml"',
    ),
    "limits": Name(
        "LIENTHONG_LIMITS",
        Shape.TEXTS,
        Label("giới hạn khác mặc định", "limits other than the usual ones"),
        '["inbox_messages=20000"]',
    ),
    "amqp": Name(
        "LIENTHONG_AMQP_URL",
        Shape.URLS,
        Label("RabbitMQ qua AMQP, cho người vận hành", "RabbitMQ over AMQP, for the operator"),
        '"amqps://bus.example.vn:5671/lienthong"',
    ),
    "cafile": Name(
        "LIENTHONG_CAFILE",
        Shape.PATH,
        Label("ai chứng nhận RabbitMQ (PEM)", "who vouches for the broker (PEM)"),
        '"/etc/lienthong/root.pem"',
    ),
    "certfile": Name(
        "LIENTHONG_CERTFILE",
        Shape.PATH,
        Label("chứng thư của người vận hành (PEM)", "the operator's certificate (PEM)"),
        '"/etc/lienthong/operator.pem"',
    ),
    "keyfile": Name(
        "LIENTHONG_KEYFILE",
        Shape.PATH,
        Label("khóa của chứng thư đó (PEM)", "its key (PEM)"),
        '"/etc/lienthong/operator.key"',
    ),
    "crl": Name(
        "LIENTHONG_CRL",
        Shape.PATHS,
        Label("danh sách thu hồi không được có RabbitMQ (PEM)", "revocation lists that must not name the broker (PEM)"),
        '["/etc/lienthong/crl.pem"]',
    ),
    "broker": Name(
        "LIENTHONG_BROKER_URL",
        Shape.URLS,
        Label("RabbitMQ, nơi phát hành danh mục", "RabbitMQ, where the directory is published"),
        '"amqps://bus.example.vn:5671/lienthong"',
    ),
    "guard-state": Name(
        "LIENTHONG_GUARD_STATE",
        Shape.PATH,
        Label("tệp của topology guard", "the file of topology guard"),
        '"/var/lib/lienthong/guard.json"',
    ),
    "ledger": Name(
        "LIENTHONG_LEDGER",
        Shape.PATH,
        Label("tệp cấu hình của sổ cái (-c)", "the ledger's file (-c)"),
        '"/etc/lienthong/ledger.toml"',
    ),
}
"""Every name that the file may have."""

_NAME_OF: Final = {name.variable: key for key, name in NAMES.items()}


class Default(NamedTuple):
    value: str | list[str]
    file: Path


@dataclass(slots=True)
class Defaults:
    """What the files say, read when it is first asked for."""

    files: tuple[Path, ...]
    taken: dict[str, Path] = field(default_factory=dict)
    """What a command took, and from which file."""
    unreadable: dict[Path, Words] = field(default_factory=dict)
    """A file that this person may not read counts as absent; the reason."""
    _values: Mapping[str, Default] | None = None

    @property
    def values(self) -> Mapping[str, Default]:
        """Raises BadConfig."""
        if self._values is None:
            found: dict[str, Default] = {}
            for file in reversed(self.files):
                found |= {key: Default(value, file) for key, value in self._read(file).items()}
            self._values = found
        return self._values

    def take(self, key: str) -> str | list[str]:
        default = self.values[key]
        self.taken[key] = default.file
        return default.value

    def _read(self, file: Path) -> Mapping[str, str | list[str]]:
        try:
            with file.open("rb") as opened:
                mode, text = os.fstat(opened.fileno()).st_mode, opened.read().decode("utf-8-sig")
        except FileNotFoundError:
            if os.environ.get(VARIABLE):
                raise BadConfig(
                    file=file,
                    why=Words(f"không có tệp này, mà {VARIABLE} nêu nó", f"{VARIABLE} names it, and it is not there"),
                ) from None
            return {}
        except UnicodeDecodeError as exc:
            raise BadConfig(file=file, why=Words("không phải UTF-8", "it is not UTF-8")) from exc
        except OSError as exc:
            self.unreadable[file] = of_system(exc)
            return {}
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise BadConfig(file=file, why=said("không phải TOML: {why}", "it is no TOML: {why}", why=exc)) from exc
        found = {key: _value(file, key, value) for key, value in given.items()}
        if mode & stat.S_IRWXO and any(map(_has_password, found.values())):
            right = f"{stat.S_IMODE(mode):04o}"
            vi = f"có mật khẩu mà quyền {right} cho mọi người đọc: chmod 600 {file}"
            raise BadConfig(
                file=file, why=Words(vi, f"it has a password, and {right} lets all read it: chmod 600 {file}")
            )
        return found


def usual_files() -> tuple[Path, ...]:
    """The person's own before the machine's."""
    if (named := os.environ.get(VARIABLE)) is not None:
        return (Path(named).absolute(),) if named else ()
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home, "lienthong.toml").expanduser(), SYSTEM


def defaults_of(context: click.Context) -> Defaults:
    """Those of the command that runs; one object from its root to its leaf."""
    found: Defaults = context.meta.setdefault(_META, Defaults(usual_files()))
    return found


def offer(command: click.Command, context: click.Context) -> "DefaultMap":
    """What click asks for values that neither the command line nor the environment has."""
    return DefaultMap(command, defaults_of(context))


class DefaultMap(dict[str, Any]):
    """A command's `default_map`: of a group the maps of its commands, of a command its parameters that have a name in
    the file. click reads from it only what it misses."""

    def __init__(self, command: click.Command, defaults: Defaults) -> None:
        super().__init__()
        self._command, self._defaults = command, defaults
        self._keys = {each.name: key for each in command.params if (key := name_of(each)) is not None}
        if command.name == "check" and any(each.name == CONFIGS for each in command.params):
            self._keys[CONFIGS] = "config"

    def __contains__(self, name: object) -> bool:
        key = self._keys.get(str(name))
        if key is None:
            return False
        context = click.get_current_context(silent=True)
        if context is not None and context.resilient_parsing:
            return False  # help and completion: a wrong file must not keep them from anybody
        return key in self._defaults.values

    def __getitem__(self, name: str) -> Any:
        value = self._defaults.take(self._keys[name])
        return [value] if name == CONFIGS else value

    def get(self, name: str, default: Any = None) -> Any:
        if isinstance(self._command, click.Group) and name in self._command.commands:
            return DefaultMap(self._command.commands[name], self._defaults)
        if name not in self:
            return default
        return self[name]


def name_of(parameter: click.Parameter) -> str | None:
    """The name in the file, of an option that may stand there."""
    variable = parameter.envvar
    return _NAME_OF.get(variable) if isinstance(variable, str) else None


def _value(file: Path, key: str, value: object) -> str | list[str]:
    name = NAMES.get(key)
    if name is None:
        near = difflib.get_close_matches(key, NAMES, n=1)
        known = Words("có phải là", "did you mean") if near else Words("chỉ có", "there are")
        names = near[0] if near else ", ".join(NAMES)
        why = said(
            "không có tên {key}; {known} {names}", "no name {key}; {known} {names}", key=key, known=known, names=names
        )
        raise BadConfig(file=file, why=why)
    given = value if isinstance(value, list) else [value]
    many = [each for each in given if isinstance(each, str) and each]
    if not many or many != given:
        raise BadConfig(file=file, why=Words(f"{key} phải là chữ trong ngoặc kép", f"{key} must be a text in quotes"))
    match name.shape:
        case Shape.URLS:
            return " ".join(many)
        case Shape.TEXTS:
            return many
        case Shape.PATHS:
            return [_path(file, each) for each in many]
        case Shape.TEXT | Shape.PATH:
            if isinstance(value, list):
                raise BadConfig(file=file, why=Words(f"{key} chỉ có một giá trị", f"{key} takes one value"))
            return many[0] if name.shape is Shape.TEXT else _path(file, many[0])


def _path(file: Path, text: str) -> str:
    return str(file.parent / Path(text).expanduser())


def _has_password(value: str | list[str]) -> bool:
    return isinstance(value, str) and any(hidden(url) != url for url in value.split())


def hidden(value: str) -> str:
    """URLs as they may be shown: without their passwords."""
    return " ".join(_without_password(url) for url in value.split(" "))


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    return f"{scheme}{mark}{user}:…{at}{place}" if mark and at and colon else url


def taken_from(meta: Mapping[str, Any]) -> Iterator[Label]:
    """Which files a command, whose context has this `meta`, had values from."""
    defaults: Defaults | None = meta.get(_META)
    if defaults is None:
        return
    for file in dict.fromkeys(defaults.taken.values()):
        names = ", ".join(key for key, source in defaults.taken.items() if source == file)
        yield Label(f"Tệp mặc định {file} cho: {names}.", f"The defaults file {file} gave: {names}.")
    for file, why in defaults.unreadable.items():
        yield Label(f"Không đọc được tệp mặc định {file}: {why.vi}.", f"Cannot read the defaults file {file}: {why}.")
