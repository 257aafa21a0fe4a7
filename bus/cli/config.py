"""`lienthong config`: which defaults files are read, which values are in force, and where each comes from."""

import os
from collections.abc import Iterator, Mapping

import click

from bus.cli.defaults import NAMES, Default, defaults_of, hidden
from bus.cli.output import emit, emit_file, emit_json, json_option
from bus.cli.tables import emit_table

_HEAD = """\
# Giá trị mặc định của lệnh lienthong. Bỏ dấu # ở dòng cần dùng. Đường dẫn tính từ thư mục của tệp này.
# Dòng lệnh được dùng trước, rồi biến môi trường, rồi ~/.config/lienthong.toml, rồi /etc/lienthong/lienthong.toml.
# Defaults of the command lienthong. Take the # from a line to use it. Paths begin at this file's folder.
# The command line comes first, then the environment, then ~/.config/lienthong.toml, /etc/lienthong/lienthong.toml.
"""


@click.command()
@click.option("--example", is_flag=True, help="Print a file to begin with, every line with its meaning.")
@json_option
@click.pass_context
def command(context: click.Context, example: bool, as_json: bool) -> None:
    """The defaults file: what need not be typed twice. Tệp mặc định: những gì không phải gõ lại.

    \b
    ~/.config/lienthong.toml        của bạn · yours ($XDG_CONFIG_HOME counts)
    /etc/lienthong/lienthong.toml   của cả máy · the machine's

    An option given on the command line comes first, then its environment variable, then your file, then the machine's.
    LIENTHONG_DEFAULTS names one file in the place of both. Where a command fails it says which file gave it what.
    """
    if example:
        emit_file(_example())
        return
    defaults = defaults_of(context)
    in_force = dict(_in_force(defaults.values))
    state = {str(file): _state(file in defaults.unreadable, there=file.exists()) for file in defaults.files}
    if as_json:
        values = {key: {"value": value, "from": source} for key, (value, source) in in_force.items()}
        emit_json({"files": {file: en for file, (_, en) in state.items()}, "values": values})
        return
    for file, (vi, en) in state.items():
        emit(f"{file}: {vi} / {en}")
    emit()
    if in_force:
        show(in_force)
    else:
        emit("Chưa có giá trị nào. Bắt đầu: lienthong config --example > ~/.config/lienthong.toml")
        emit("No value yet. To begin: lienthong config --example > ~/.config/lienthong.toml")


def show(in_force: Mapping[str, tuple[str, str]]) -> None:
    rows = [(key, [value, f"  {source}"]) for key, (value, source) in in_force.items()]
    emit_table(("Tên\nname", "Giá trị, lấy từ\nvalue, from"), rows)


def _in_force(values: Mapping[str, Default]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name, value without passwords, and where it is from."""
    for key, name in NAMES.items():
        if said := os.environ.get(name.variable):
            yield key, (hidden(said), name.variable)
        elif key in values:
            value, file = values[key]
            yield key, (hidden(value) if isinstance(value, str) else " ".join(value), str(file))


def _state(unreadable: bool, *, there: bool) -> tuple[str, str]:
    if unreadable:
        return "bạn không có quyền đọc", "you may not read it"
    return ("có", "read") if there else ("không có", "absent")


def _example() -> str:
    lines = [
        f"\n# {name.meaning.vi} · {name.meaning.en} · {name.variable}\n# {key} = {name.example}\n"
        for key, name in NAMES.items()
    ]
    return _HEAD + "".join(lines)
