"""`lienthong manual`: the manual page lienthong(1), made from the commands themselves."""

import re
from collections.abc import Iterator

import click

from bus.cli.defaults import NAMES, SYSTEM
from bus.cli.output import emit_file

_UNWRAPPED = "\b"
"""click's mark of a paragraph whose lines are kept."""


@click.command()
@click.pass_context
def command(context: click.Context) -> None:
    """Print the manual page, all commands in one. Trang hướng dẫn, mọi lệnh trong một trang.

    \b
    lienthong manual | man -l -
    """
    emit_file(page(context.find_root().command))


def page(root: click.Command) -> str:
    """lienthong(1) in the language of man(7)."""
    context = root_context(root)
    lines = [
        '.TH LIENTHONG 1 "" "Liên thông" "Liên thông"',
        *_section("NAME"),
        r"lienthong \- official documents between government agencies",
        *_section("SYNOPSIS"),
        r".B lienthong",
        r"[\-\-version] [\-h] COMMAND [OPTIONS] [ARGUMENTS]",
        *_section("DESCRIPTION"),
        *_paragraphs(root.help or ""),
        *_section("COMMANDS"),
        *(line for leaf in commands(root, context) for line in _command(leaf)),
        *_section("ENVIRONMENT AND FILES"),
        *_paragraphs(
            "An option given on the command line comes first, then its environment variable, then "
            f"~/.config/lienthong.toml, then {SYSTEM}. LIENTHONG_DEFAULTS names one file in the place of both."
        ),
        *(line for key, name in NAMES.items() for line in _item(f"{key}, {name.variable}", name.meaning.en)),
        *_section("EXIT CODES"),
        *_paragraphs(root.epilog or ""),
    ]
    return "".join(f"{line}\n" for line in lines)


def root_context(root: click.Command) -> click.Context:
    """As the command itself makes it: click keeps the help option of the first context that it sees."""
    return click.Context(root, info_name="lienthong", **root.context_settings)


def commands(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """The contexts of a group's commands in order, groups before what is in them."""
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        try:
            found = command.get_command(context, name)
        except ModuleNotFoundError:  # of a ledger, on a machine without one: test_main.py sees that all can be had
            continue
        assert found is not None, "it is on the group's own list"
        below = click.Context(found, info_name=name, parent=context)
        yield below
        yield from commands(found, below)


def _command(context: click.Context) -> Iterator[str]:
    command = context.command
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS {_escaped(context.command_path)} {_escaped(usage)}"
    yield from _paragraphs(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1] and parameter.opts != context.help_option_names:
            yield from _item(*record)


def _section(title: str) -> tuple[str]:
    return (f".SH {title}",)


def _item(term: str, meaning: str) -> Iterator[str]:
    yield ".TP"
    yield f".B {_escaped(term)}"
    yield _escaped(" ".join(meaning.split()))


def _paragraphs(help_: str) -> Iterator[str]:
    for number, paragraph in enumerate(filter(None, re.split(r"\n\s*\n", help_.strip("\n")))):
        if number:
            yield ".PP"
        lines = [line.rstrip() for line in paragraph.splitlines()]
        if lines[0].strip() == _UNWRAPPED:
            yield from (".nf", *map(_escaped, lines[1:]), ".fi")
        else:
            yield _escaped(" ".join(line.strip() for line in lines))


def _escaped(text: str) -> str:
    """A text that man shows as it is."""
    shown = text.replace("\\", r"\e").replace("-", r"\-")
    return f"\\&{shown}" if shown[:1] in {".", "'"} else shown
