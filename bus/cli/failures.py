"""How a command that failed says so: two languages on standard error, or one JSON object where it was asked for
--json; and the exit codes of all commands."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Final

import click

from bus.cli.output import Trouble, emit, emit_json, wrapped
from bus.errors import BadConfig, BusError, Who, of_system, said
from schemas.codes import Label
from schemas.printable import printable

_HINTS = "bus.cli.hints"
_CODE = "bus.cli.code"


class Exit(IntEnum):
    """Every exit code; `lienthong --help` lists them."""

    DONE = 0
    FAILED = 1
    """Refused, failed, or not as it should be: what is printed says who must act."""
    USAGE = 2
    """The command was called wrongly; nothing else has this code."""
    FOUND = 3
    """Done, and there is something: changes, faults, endings, what remains for people to do."""
    UNTRIED = 4
    """`adapter conform` alone: nothing could be tried, so nothing is said of the adapter."""


@contextmanager
def ending_with(code: Exit) -> Iterator[None]:
    """An error that is raised within ends the command with this code, in place of FAILED."""
    meta = click.get_current_context().meta
    meta[_CODE] = code
    yield
    del meta[_CODE]


def hint(*lines: str) -> None:
    """More lines to say behind the error that follows."""
    click.get_current_context().meta.setdefault(_HINTS, []).extend(lines)


@contextmanager
def failures_said(arguments: Sequence[str], meta: Mapping[str, Any]) -> Iterator[None]:
    """Ends the command where it fails: says why, from which files its values came, and exits. `arguments` are those of
    the whole command line, `meta` is the root context's."""
    try:
        yield
    except BusError as error:
        sentences = Label(error.in_vietnamese(), error.in_english())
        _end(meta.get(_CODE, Exit.FAILED), error.code, error.who, sentences, arguments, meta)
    except ModuleNotFoundError as exc:
        if (missing := _not_installed(exc)) is None:
            raise
        sentences = Label(missing.in_vietnamese(), missing.in_english())
        _end(Exit.FAILED, missing.code, missing.who, sentences, arguments, meta)
    except click.exceptions.NoArgsIsHelpError:
        raise  # it is no failure that help is shown
    except click.UsageError as error:
        _end(Exit.USAGE, "usage", Who.OPERATOR, _usage(error), arguments, meta, context=error.ctx)
    except click.ClickException as error:
        message = error.format_message()
        _end(Exit.FAILED, "failed", Who.OPERATOR, Label("Không làm được.", message), arguments, meta)
    except (click.Abort, EOFError, KeyboardInterrupt):
        stopped = Label("Đã dừng theo yêu cầu.", "Stopped, as asked.")
        _end(Exit.FAILED, "stopped", Who.OPERATOR, stopped, arguments, meta)
    except BrokenPipeError:
        raise  # whoever read us has enough: click ends quietly
    except OSError as error:
        if error.filename is None and not _is_of_output(error):
            raise
        said = _of_output(error) if error.filename is None else _of_file(error)
        _end(Exit.FAILED, "file", Who.OPERATOR, said, arguments, meta)


OF_LEDGER: Final = frozenset({"apprise", "fastapi", "holidays", "typst", "uvicorn", "xlsxwriter"})
"""Libraries of the extra `ledger`, which an agency does not install."""


def _not_installed(error: ModuleNotFoundError) -> BadConfig | None:
    """None where it is no library of an extra: then it is a fault of ours."""
    name = (error.name or "").partition(".")[0]
    if name not in OF_LEDGER:
        return None
    why = said("cần thư viện {name}, chưa cài", "it needs {name}, which is not installed", name=name)
    do = said(
        "Cài phần của sổ cái: pip install 'lienthong[ledger]', hoặc uv sync --extra ledger.",
        "Install what a ledger needs: pip install 'lienthong[ledger]', or uv sync --extra ledger.",
    )
    return BadConfig(file="lienthong", why=why, do=do)


def _end(
    code: Exit,
    name: str,
    who: Who,
    sentences: Label,
    arguments: Sequence[str],
    meta: Mapping[str, Any],
    *,
    context: click.Context | None = None,
) -> None:
    from bus.cli.defaults import taken_from

    sources, hints = taken_from(meta), list(meta.get(_HINTS, ()))
    if asks_for_json(arguments):
        said = {"code": name, "who": who, "vi": printable(sentences.vi), "en": printable(sentences.en)}
        more = {"hints": hints, "notes": [each.en for each in sources]}
        emit_json({**said, "exit_code": code, **{key: value for key, value in more.items() if value}}, err=True)
    else:
        if context is not None:
            emit(context.get_usage(), err=True)
        emit(*(Trouble(line) for sentence in sentences for line in wrapped(sentence, sys.stderr)), *hints, err=True)
        for source in sources:
            emit(*(line for sentence in source for line in wrapped(sentence, sys.stderr)), err=True)
    sys.exit(code)


_JSON_IS_A_FILE: Final = frozenset({"conform"})
"""Commands whose --json takes a file; what they print is for people."""


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether --json stands among the options."""
    if _JSON_IS_A_FILE.intersection(arguments):
        return False
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def _usage(error: click.UsageError) -> Label:
    """click speaks English only, and quotes arguments, which may be copied from a stranger's text."""
    help_ = f"{error.ctx.command_path} --help" if error.ctx is not None else "lienthong --help"
    instead = Label("", "")
    match error:
        case click.MissingParameter(param=click.Parameter() as parameter):
            vi, instead = f"Thiếu {_name(parameter)}", _instead(parameter)
        case click.NoSuchOption(option_name=name):
            vi = f"Không có tùy chọn {name}"
        case click.NoSuchCommand(command_name=name):
            vi = f"Không có lệnh {name}"
        case click.BadParameter(param_hint=str() as name):
            vi = f"Giá trị của {name} không dùng được"
        case click.BadParameter(param=click.Parameter() as parameter):
            vi = f"Giá trị của {_name(parameter)} không dùng được"
        case _:
            vi = "Lệnh gọi không đúng"
    en = error.format_message().rstrip(".")
    return Label(f"{vi}{instead.vi}. Xem: {help_}", f"{en}{instead.en}. See: {help_}")


def _name(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    context = click.get_current_context(silent=True) or click.Context(click.Command(""))
    return parameter.make_metavar(context).strip("[].…")


def _instead(parameter: click.Parameter) -> Label:
    """Where else the value may stand; click's own message names the environment variable."""
    from bus.cli.defaults import NAMES, name_of

    name = name_of(parameter)
    if name is None:
        return Label("", "")
    return Label(
        f"; hoặc đặt {NAMES[name].variable}, hoặc ghi {name} vào tệp mặc định: lienthong config",
        f"; or {name} in the defaults file: lienthong config",
    )


def _is_of_output(error: OSError) -> bool:
    """Whether it is standard output that takes no more: then it takes no line end either. What waits there is dropped,
    or Python would complain of it at its end."""
    try:
        emit()
    except OSError as again:
        if again.errno != error.errno:
            return False
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return True
    return False


def _of_output(error: OSError) -> Label:
    why = of_system(error)
    return Label(f"Không ghi được ra đầu ra chuẩn: {why.vi}.", f"Standard output cannot be written: {why}.")


def _of_file(error: OSError) -> Label:
    why = of_system(error)
    return Label(f"Tệp {error.filename}: {why.vi}.", f"{error.filename}: {why}.")
