"""What must be undone at the end of a process, however it ends. Nothing of what is done."""

import contextlib
import os
import signal
import subprocess


class Undo:
    """What must be undone at the end, latest first, by a shell in a session of its own.

    The shell reads lines until its input ends: when we close it, or when we are killed and the system closes it.
    """

    SCRIPT = 'undo=:; while IFS= read -r line; do undo="$line; $undo"; done; eval "$undo"'

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._gently: list[subprocess.Popen[bytes]] = []
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", self.SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, not for what cleans up after us
            cwd="/",
        )

    def add(self, command: str) -> None:
        """To be called before the act, where the act can be named before."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(command.encode() + b"\n")
        self._shell.stdin.flush()

    def add_child(self, leader: subprocess.Popen[bytes], *, gently: bool = False) -> None:
        """Its whole process group will be killed: where the data is thrown away there is nothing to shut down for.
        `gently`: it is asked to end first, and given half a minute."""
        self._children.append(leader)
        if gently:
            self._gently.append(leader)
            waits = f"n=0; while kill -0 -{leader.pid} && [ $n -lt 30 ]; do sleep 1; n=$((n+1)); done"
            self.add(f"kill -15 -{leader.pid} && {{ {waits}; }}; kill -9 -{leader.pid}")
        else:
            self.add(f"kill -9 -{leader.pid}")

    def all(self) -> None:
        for child in reversed(self._gently):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(child.pid, signal.SIGTERM)
                child.wait(timeout=30)  # reaped, so that the shell need not wait for it
        self._shell.communicate(timeout=60)
        for child in self._children:
            child.wait(timeout=10)
