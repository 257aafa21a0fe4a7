"""What must be undone at the end of a process, however it ends. Nothing of what is done."""

import subprocess


class Undo:
    """What must be undone at the end, latest first, by a shell in a session of its own.

    The shell reads lines until its input ends: when we close it, or when we are killed and the system closes it.
    """

    SCRIPT = 'undo=:; while IFS= read -r line; do undo="$line; $undo"; done; eval "$undo"'

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
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

    def add_child(self, leader: subprocess.Popen[bytes]) -> None:
        """Its whole process group will be killed: the data is thrown away, so there is nothing to shut down for."""
        self._children.append(leader)
        self.add(f"kill -9 -{leader.pid}")

    def all(self) -> None:
        self._shell.communicate(timeout=30)
        for child in self._children:
            child.wait(timeout=10)
