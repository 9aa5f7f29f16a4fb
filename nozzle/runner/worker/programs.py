"""`!command`, `x = !command` and `%%bash`: plain child processes that write to the cell's own pipes.

IPython's need a terminal, a thread or an event loop; these need none.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
from typing import Any

INTERPRETERS = ("bash", "sh", "perl", "ruby", "python", "python3")


def system(shell: Any, command: str) -> None:
    """`!command`; its exit status is `_exit_code`."""
    child = subprocess.Popen(shell.var_expand(command, depth=2), shell=True, stdin=subprocess.DEVNULL)
    try:
        child.wait()
    except KeyboardInterrupt:
        child.wait()
        raise
    finally:
        shell.user_ns["_exit_code"] = child.returncode


def output(shell: Any, command: str) -> str:
    """What `x = !command` says; its errors are shown, not kept."""
    child = subprocess.Popen(
        shell.var_expand(command, depth=2), shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    said, _ = child.communicate()
    shell.user_ns["_exit_code"] = child.returncode
    return said.decode("utf-8", "replace")


def script(line: str, cell: str, program: str = "") -> None:
    """`%%script PROGRAM`, and `%%bash` and its like."""
    command = [*([program] if program else []), *shlex.split(line)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        child.communicate(cell.encode())
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def register(shell: Any) -> None:
    """Make them the shell's magics."""
    shell.register_magic_function(script, "cell", "script")
    for program in INTERPRETERS:
        shell.register_magic_function(_run_by(program), "cell", program)


def _run_by(program: str) -> Any:
    return lambda line, cell: script(line, cell, program)
