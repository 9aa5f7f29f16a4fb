"""The process of a kernel: started through the worker's script, watched, and ended with all that it started."""

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nozzle.runner.environment import cache_folder, environment, lent_folders, own_version
from nozzle.runner.interpreter import Interpreter
from nozzle.runner.outputs import Outputs

SCRIPT = Path(__file__).with_name("worker") / "__main__.py"
PATIENCE = 10.0
"""Seconds that the warden gets to end a kernel and all that it started."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as what the kernels of a session run."""

    folder: Path
    root: Path
    interpreter: Interpreter
    secret_names: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()


class Process:
    """A running kernel: its control line, its process, and the warden that ends it."""

    def __init__(self, place: Place, language: str, outputs: Outputs, script: str = "") -> None:
        token = secrets.token_hex(8)
        self.line, line = socket.socketpair()
        self._warden, warden = socket.socketpair()
        config = {
            "language": language,
            "control": line.fileno(),
            "warden": warden.fileno(),
            "marker": token,
            "folder": str(place.folder),
            "root": str(place.root),
            "hidden": [str(folder) for folder in place.hidden],
            "caches": [str(cache_folder())],
            "lent": lent_folders(),
            "lender": own_version(),
            "script": script,
        }
        python = [str(place.interpreter.path)] if language == "python" else [sys.executable, "-I", "-S"]
        self._killings = _out_of_memory_kills()
        with contextlib.ExitStack() as unless_started, line, warden:
            for resource in (self.line, self._warden, outputs):
                unless_started.callback(resource.close)
            self._child = subprocess.Popen(
                [*python, str(SCRIPT), json.dumps(config)],
                stdin=subprocess.DEVNULL,
                stdout=outputs.writers[0],
                stderr=outputs.writers[1],
                pass_fds=(line.fileno(), warden.fileno()),
                cwd=place.folder,
                env=environment(os.environ, place.interpreter.path, token, place.secret_names),
                start_new_session=True,
            )
            unless_started.pop_all()
        self.pid = self._child.pid
        self.ended = os.pidfd_open(self.pid)
        """Becomes readable when the kernel's process is gone."""

    def signal(self, number: signal.Signals) -> None:
        """Send it to the kernel and to what runs in its process group."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def is_gone(self, wait: float = 0.0) -> bool:
        """Whether its process has ended, or does so within `wait` seconds."""
        poll = select.poll()
        poll.register(self.ended, select.POLLIN)
        return bool(poll.poll(wait * 1000))

    def cause(self) -> str:
        """How it ended, in plain words; waits for that."""
        status = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if status is None or status.si_code == os.CLD_EXITED:
            return f"exit {status.si_status if status else 0}"
        name = signal.Signals(status.si_status).name
        if name == "SIGKILL" and _out_of_memory_kills() > self._killings:
            return "out of memory: the system killed it (signal 9, SIGKILL)"
        return f"signal {status.si_status} ({name})"

    def end(self) -> None:
        """Kill it and all that it started, from any thread; comes back when they are gone."""
        try:
            self._warden.shutdown(socket.SHUT_WR)
            self._warden.settimeout(PATIENCE)
            self._warden.recv(1)
        except OSError:
            self.signal(signal.SIGKILL)

    def close(self) -> None:
        """End it and give back what it holds here."""
        self.end()
        self._child.wait()
        self.line.close()
        self._warden.close()
        os.close(self.ended)


def _out_of_memory_kills() -> int:
    """How many processes the system has killed for memory so far."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return int(dict(line.split() for line in counters.splitlines()).get("oom_kill", 0))
