"""Between the host and a kernel of Jupyter's: cells go on, what the kernel says comes back in the worker's own words.

What it prints is written to our pipes, before what it says next. It is thought dead when its process is gone, and also
when it counts its cells from the start again: some front ends start a kernel anew behind our back, and its state is
gone all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from .channel import Channel
from .interrupt import Interrupts

START = 60.0
"""Seconds that a kernel gets until it answers."""
LAST_WORDS = 5.0
"""Seconds that a kernel gets, after its reply, to say that it is idle."""
MOMENT = 20
"""Milliseconds that a kernel gets after its last word: deno sends a result now and then behind it."""
LOOK = 1000
"""Milliseconds after which a silent kernel is looked at."""
END = "\x04"
"""What a terminal sends where input ends."""
FAR = "jupyter+"
"""How the address of a kernel begins that a Jupyter server keeps."""
TAIL = 300
"""Characters told of what a kernel printed before it went."""
_escapes = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


_APART = (
    "import sys; sys.path[:] = filter(None, sys.path); del sys.argv[0]; import runpy;"
    " runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
"""What `-m` does, without the current folder in front of all that a kernel imports."""


def serve(line: socket.socket, kernel: str, hidden: bool) -> None:
    """Be the bridge to a kernel, until the host hangs up: its kernelspec's folder, or an address of Jupyter's."""
    channel = Channel(line, Interrupts())
    channel.send({"t": "ready", "hidden": hidden})
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    with tempfile.TemporaryFile() as printed:
        try:
            _bridge(kernel)(channel, woken, printed).serve(kernel)
        except (EOFError, ConnectionError):
            pass
        except Gone as gone:
            last = _last_line(printed)
            with contextlib.suppress(OSError):
                channel.send({"t": "gone", "why": f"{gone}: {last}" if last else str(gone)})
    os._exit(0)


def _bridge(kernel: str) -> type[Bridge]:
    if not kernel.startswith(FAR):
        return Bridge
    from .gateway import Gateway

    return Gateway


def apart(argv: list[str]) -> list[str]:
    """The command of a kernel; one that is a module of Python's, so that it is not looked for beside the entry.

    >>> apart(["python3", "-Xdev", "-m", "bash_kernel", "-f", "x"])[:3], apart(["R", "-m", "x"])
    (['python3', '-Xdev', '-c'], ['R', '-m', 'x'])
    """
    at = argv.index("-m") if "-m" in argv else 0
    is_python = os.path.basename(argv[0]).startswith("python") and all(word.startswith("-") for word in argv[1:at])
    return [*argv[:at], "-c", _APART, *argv[at + 1 :]] if at and is_python else argv


class Gone(Exception):
    """The kernel is no more, or not the one it was."""


class Bridge:
    def __init__(self, channel: Channel, woken: int, printed: IO[bytes]) -> None:
        self.channel = channel
        self.woken = woken
        self.printed = printed
        self.manager: Any = None
        self.language: dict[str, Any] = {}
        """What the kernel's process prints outside of any cell."""
        self.cell = ""
        """The request of the cell that runs; empty between cells."""
        self.count = 0
        """Cells that the kernel says it has run."""
        self.reply: dict[str, Any] | None = None
        self.idle = False
        self.failed = False
        self.began = self.replied = 0.0
        self.questions = 0

    def serve(self, kernel: str) -> None:
        """Start it, and carry between the two for ever."""
        import zmq

        self._start(Path(kernel))
        client, line = self.client, self.channel.line.fileno()
        sockets = {client.shell_channel.socket: self._shell, client.iopub_channel.socket: self._iopub}
        sockets[client.stdin_channel.socket] = self._stdin
        poller = zmq.Poller()
        for each in (line, self.woken, *sockets):
            poller.register(each, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(LOOK))
            for each, hear in sockets.items():
                if each in ready:
                    hear()
            self._end()
            if self.woken in ready:
                self._signalled()
            if not self.manager.is_alive():
                self._iopub()
                raise Gone(self._how_it_ended())
            if line in ready:
                self._told()

    # -- starting -----------------------------------------------------------------------------------------------

    def _start(self, folder: Path) -> None:
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import KernelManager

        with tempfile.TemporaryDirectory(prefix="nozzle-jupyter-") as place:  # its file holds a key, and is read once
            specs = KernelSpecManager(kernel_dirs=[str(folder.parent)], ensure_native_kernel=False)
            file = os.path.join(place, "connection.json")
            self.manager = KernelManager(kernel_name=folder.name, kernel_spec_manager=specs, connection_file=file)
            spec = self.manager.kernel_spec
            spec.argv = apart(spec.argv)
            try:
                self.manager.start_kernel(cwd=os.getcwd(), stdout=self.printed, stderr=self.printed)
                self.client = self.manager.blocking_client()
                self.client.start_channels()
                self.client.wait_for_ready(timeout=START)
                self.language = self.client.kernel_info(reply=True, timeout=START)["content"]["language_info"]
            except (RuntimeError, OSError, LookupError, queue.Empty) as error:
                alive = self.manager.has_kernel and self.manager.is_alive()
                raise Gone(f"it did not start ({error if alive else self._how_it_ended()})") from None

    def _how_it_ended(self) -> str:
        process = getattr(self.manager.provisioner, "process", None)
        status = getattr(process, "returncode", None)
        if not isinstance(status, int):
            return "it went away"
        return f"exit {status}" if status >= 0 else f"signal {-status} ({signal.Signals(-status).name})"

    # -- the host's side ----------------------------------------------------------------------------------------

    def _told(self) -> None:
        message, descriptors = self.channel.receive()
        for each in descriptors:
            os.close(each)
        if "source" in message:
            self.reply, self.idle, self.failed, self.began = None, False, False, time.monotonic()
            self.cell = self._execute(message["source"])
            self.channel.send({"t": "begun"})
        elif "answer" in message:
            self._answer(END if message["text"] is None else message["text"])

    def _execute(self, source: str) -> str:
        request: str = self.client.execute(source, stop_on_error=False)
        return request

    def _answer(self, text: str) -> None:
        self.client.input(text)

    def _interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def _says_more(self) -> bool:
        """Whether more comes within a moment."""
        return bool(self.client.iopub_channel.socket.poll(MOMENT))

    def _signalled(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if signal.SIGINT in os.read(self.woken, 4096) and self.cell:
                self._interrupt()

    def _end(self) -> None:
        """Say that the cell is over, when the kernel has said so twice."""
        if self.reply is None or not (self.idle or time.monotonic() > self.replied + LAST_WORDS):
            return
        if self._says_more():
            return
        reply, self.cell, self.reply = self.reply, "", None
        count = reply.get("execution_count") or 0
        if 0 < count <= self.count:
            raise Gone(f"it had started afresh by itself, without what the cells above made (it counts {count} again)")
        self.count = max(count, self.count)
        ok = reply.get("status") == "ok"
        if not ok and not self.failed:
            self._error(reply)
        self.channel.tell({
            "t": "done", "ok": ok, "seconds": self.replied - self.began, "spawned": True, "memory": self._peak(),
            "packages": {str(self.language.get("name", "")).lower(): str(self.language.get("version", ""))},
        })  # fmt: skip

    def _peak(self) -> int:
        """The most memory that the kernel's process ever held, in bytes; 0 where that cannot be seen."""
        pid = getattr(getattr(self.manager, "provisioner", None), "pid", None)
        try:
            rows = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("VmHWM")), 0)

    # -- the kernel's side --------------------------------------------------------------------------------------

    def _shell(self) -> None:
        for message in _waiting(self.client.shell_channel):
            self._replied(message)

    def _replied(self, message: dict[str, Any]) -> None:
        if message["parent_header"].get("msg_id") == self.cell:
            self.reply, self.replied = message["content"], time.monotonic()

    def _stdin(self) -> None:
        for message in _waiting(self.client.stdin_channel):
            self._asked(message)

    def _asked(self, message: dict[str, Any]) -> None:
        self.questions -= 1
        asked = message["content"]
        words = {"prompt": str(asked.get("prompt", "")), "password": bool(asked.get("password"))}
        self.channel.send({"t": "input_request", **words, "ask": self.questions})

    def _iopub(self) -> None:
        for message in _waiting(self.client.iopub_channel):
            self._told_all(message)

    def _told_all(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        ours = bool(self.cell) and message["parent_header"].get("msg_id") == self.cell
        if kind == "stream":
            _write(2 if content["name"] == "stderr" else 1, content["text"])
        elif kind == "status" and content["execution_state"] in ("starting", "restarting") and self.count:
            raise Gone("it started afresh by itself, without what the cells above made")
        elif ours:
            self._said(kind, content)

    def _said(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "status":
            self.idle = content["execution_state"] == "idle"
        elif kind in ("display_data", "update_display_data"):
            name = str(content.get("transient", {}).get("display_id", ""))
            shown = {"display_id": name, "update": kind == "update_display_data"}
            self.channel.tell({"t": "display_data", **_bundle(content), **shown})
        elif kind == "execute_result":
            self.channel.tell({"t": "execute_result", **_bundle(content)})
        elif kind == "clear_output":
            self.channel.tell({"t": "clear_output", "wait": bool(content.get("wait"))})
        elif kind == "error":
            self._error(content)

    def _error(self, content: dict[str, Any]) -> None:
        self.failed = True
        name = str(content.get("ename") or content.get("status") or "error")
        rows = [_plain(row) for each in content.get("traceback") or () for row in str(each).splitlines()]
        said = {"ename": _plain(name), "evalue": _plain(str(content.get("evalue", ""))), "traceback": rows}
        self.channel.tell({"t": "error", **said})


def _waiting(channel: Any) -> list[dict[str, Any]]:
    """What came on a channel and was not taken yet."""
    found = []
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(channel.get_msg(timeout=0))
    return found


def _bundle(content: dict[str, Any]) -> dict[str, Any]:
    """A MIME bundle whose values are text."""
    data = {kind: value if isinstance(value, str) else json.dumps(value) for kind, value in content["data"].items()}
    data.update({kind: _plain(value) for kind, value in data.items() if kind == "text/plain"})
    return {"data": data, "metadata": content.get("metadata") or {}}


def _plain(text: str) -> str:
    return _escapes.sub("", text)


def _write(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(descriptor, data) :]


def _last_line(printed: IO[bytes]) -> str:
    printed.seek(max(0, printed.seek(0, os.SEEK_END) - 4096))
    rows = _plain(printed.read().decode("utf-8", "replace")).split("\n")
    return next((row.strip()[-TAIL:] for row in reversed(rows) if row.strip()), "")
