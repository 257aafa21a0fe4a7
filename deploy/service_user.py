"""As root a pilot belongs to a system user: its folder, a copy of the program that this user can read, and the change
to it, which is for good. As anybody else it belongs to whoever starts it."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from deploy.founding import PLACES

NAME = "lienthong"
PROGRAM = ("adapters", "bus", "deploy", "schemas", "LICENSE", "README.md", "pyproject.toml", "uv.lock")


def service_user() -> pwd.struct_passwd:
    """The system user; made where it is missing."""
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        click.echo(f"tạo người dùng hệ thống / making the system user: {NAME}")
        nowhere = ("--home-dir", "/nonexistent", "--no-create-home", "--shell", "/usr/sbin/nologin")
        subprocess.run(["/usr/sbin/useradd", "--system", "--user-group", *nowhere, NAME], check=True)
        return pwd.getpwnam(NAME)


def lay_out(folder: Path, python: Path, owner: pwd.struct_passwd | None) -> None:
    """The places of a pilot, for their owner (None: for us), and what makes its commands short: `env`, `bin/`."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in PLACES:
        place = folder / name
        place.mkdir(mode=0o700, exist_ok=True)
        if owner is not None and place.stat().st_uid != owner.pw_uid:
            os.chown(place, owner.pw_uid, owner.pw_gid)
    (folder / "bin").mkdir(exist_ok=True)
    script = folder / "bin" / "lienthong"
    script.write_text(
        "#!/bin/sh\n"
        "# What root did here, the service user could not go on with.\n"
        f'[ "$(id -u)" != 0 ] || set -- setpriv --reuid={NAME} --regid={NAME} --init-groups "$0" "$@"\n'
        f'[ "$(id -u)" != 0 ] && exec {python.parent}/lienthong "$@"\n'
        'exec "$@"\n'
        if owner is not None
        else f'#!/bin/sh\nexec {python.parent}/lienthong "$@"\n'
    )
    script.chmod(0o755)
    for name in ("python", "python3"):
        link = folder / "bin" / name
        link.unlink(missing_ok=True)
        link.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        link.chmod(0o755)
    (folder / "env").write_text(
        f"# . {folder / 'env'}\n"
        f"export PILOT={folder}\n"
        'export PATH="$PILOT/bin:$PATH"\n'
        'export LIENTHONG_DEFAULTS="$PILOT/run/lienthong.toml"\n'
    )


def copy_program(project: Path, folder: Path) -> Path:
    """A copy that others can read, for the clone may lie where they cannot, and goes on being worked on; its Python."""
    program = folder / "program"
    program.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in PROGRAM:
        here = program / name
        if (project / name).is_dir():
            shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(project / name, here, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(project / name, here)
    command = [
        "uv",
        "sync",
        "--quiet",
        "--frozen",
        "--no-dev",
        "--extra",
        "ledger",
        "--group",
        "demo",
        "--python",
        _python_for_all(),
    ]
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(command, cwd=program, env={"UV_PYTHON_PREFERENCE": "system", **clean}, check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(program)], check=True)  # noqa: S607
    return program / ".venv" / "bin" / "python"


def _python_for_all() -> str:
    """The system's own where it is new enough: one in root's home is for root alone."""
    for python in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(python).exists():
            asked = "import sys; sys.exit(sys.version_info < (3, 11))"
            if subprocess.run([python, "-c", asked], check=False).returncode == 0:
                return python
    return sys.executable


def become(user: pwd.struct_passwd, python: Path, folder: Path, arguments: Sequence[str]) -> None:
    """Runs `python -m deploy.pilot` in our place, as that user. Does not return."""
    os.chdir(folder)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    environment = os.environ | {"HOME": str(folder / "run"), "USER": user.pw_name, "LOGNAME": user.pw_name}
    sys.stdout.flush()
    try:
        os.execve(python, [str(python), "-m", "deploy.pilot", *arguments], environment)  # noqa: S606 — no shell is meant
    except OSError as error:
        raise click.ClickException(
            f"Người dùng {user.pw_name} không vào được thư mục này; chọn chỗ khác: --folder.\n"
            f"The user {user.pw_name} cannot reach this folder; choose another: --folder.\n"
            f"  {folder}\n  {error}"
        ) from error
