"""The manual page."""

import click
from click.testing import CliRunner

from bus.cli.main import main
from bus.cli.manual import commands, page, root_context


def test_every_command_and_option_is_in_it() -> None:
    """With the exit codes and the names of the defaults file."""
    said = CliRunner().invoke(main, ["manual"]).stdout
    for context in commands(main, root_context(main)):
        assert f".SS {context.command_path}".replace("-", r"\-") in said
    assert r".B \-\-management URL" in said
    assert ".B config, LIENTHONG_CONFIG" in said
    assert ".SH EXIT CODES" in said


def test_no_text_is_a_request_of_its_own() -> None:
    """What man would take for a request or an escape is shown as it is."""

    @click.command(help="First.\n\n.SH is text\n\n\b\n'kept'  so\n  a\\b")
    @click.option("--x", help="C:\\new")
    @click.argument("what")
    def odd(x: str, what: str) -> None:
        """Never called."""

    group = click.Group("root", commands=[odd], epilog="End.")
    lines = page(group).splitlines()
    at = lines.index(".SS lienthong odd [OPTIONS] WHAT")
    assert lines[at + 1 : at + 11] == [
        "First.", ".PP", r"\&.SH is text", ".PP", ".nf", r"\&'kept'  so", r"  a\eb", ".fi", ".TP", r".B \-\-x TEXT"
    ]  # fmt: skip
    assert r"C:\enew" in lines
