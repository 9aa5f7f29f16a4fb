"""A real Vim in a terminal, with the settings that README names, while the watch runs."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nozzle.document.entry import Entry

pytestmark = pytest.mark.skipif(shutil.which("vim") is None, reason="there is no Vim on this machine")
SETTINGS = (
    "set autoread nocompatible noswapfile shortmess+=I viminfo=",
    "call timer_start(200, {-> execute('silent! checktime')}, {'repeat': -1})",
)
PATIENCE = 30.0


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited for: {what}"
        time.sleep(0.02)


class Vim:
    """Keys in; what it draws is read and forgotten, so that it never waits for us."""

    def __init__(self, path: Path) -> None:
        words = ["vim", "-N", "-u", "NONE", "-i", "NONE", *(f"+{each}" for each in SETTINGS), str(path)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execvp(words[0], words)
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def type(self, keys: str) -> None:
        for key in keys:
            os.write(self.fd, key.encode())
            time.sleep(0.002)

    def close(self) -> None:
        self._over.set()
        self._reader.join()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self) -> None:
        while not self._over.is_set():
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    return


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    words = [sys.executable, "-m", "nozzle", "watch", "--no-page"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert "watching" in next(line for line in watch.stdout if "watching" in line)
        try:
            yield
        finally:
            watch.send_signal(signal.SIGINT)
            watch.stdout.read()


def test_cells_typed_in_vim_run_and_their_outputs_come_into_the_buffer(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "entry.md"
    path.parent.mkdir()
    path.write_text("# Typed in Vim\n\n")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    with watching(tmp_path):
        vim = Vim(path)
        try:
            vim.type("Go```{code-cell} python\nx = 20\nprint(x + 1)\n```\n\x1b:w\r")
            until(lambda: "```text\n21\n```" in path.read_text(), "the first output")
            time.sleep(0.6)  # Vim looks at the file by itself, by the timer
            vim.type("Gothe answer is next\n\n```{code-cell} python\nprint(2 * x + 2)\n```\n\x1b:w\r")
            until(lambda: "```text\n42\n```" in path.read_text(), "the second output")
            time.sleep(0.6)
            vim.type("/x = 20\rcc" + "x = 30\x1b:w\r")
            until(lambda: "```text\n62\n```" in path.read_text(), "both outputs anew")
        finally:
            vim.close()
    text = path.read_text()
    assert "```text\n31\n```" in text
    assert text.count("nozzle:output") == 2
    assert all(slot.fresh for slot in Entry(text).slots)
    assert "# Typed in Vim\n" in text
    assert "the answer is next\n" in text
