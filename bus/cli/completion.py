"""`lienthong completion`: the script by which a shell completes commands and options; it is click's own."""

import click
from click.shell_completion import get_completion_class

from bus.cli.output import emit_file

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "lienthong"
VARIABLE = "_LIENTHONG_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and files at the TAB key. Gõ tắt bằng phím TAB.

    \b
    bash, from 4.4 on; in ~/.bashrc:
      eval "$(lienthong completion bash)"
    zsh; in ~/.zshrc, behind compinit:
      eval "$(lienthong completion zsh)"
    fish:
      lienthong completion fish > ~/.config/fish/completions/lienthong.fish
    """
    made = get_completion_class(shell)
    assert made is not None, "click has the three of SHELLS"
    script = made(context.find_root().command, {}, PROGRAM, VARIABLE)
    emit_file(script.source_template % script.source_vars() + "\n")
