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
README = Path(__file__).parents[1] / "README.md"
PATIENCE = 60.0


def settings() -> str:
    """The lines that README gives to users of Vim."""
    return README.read_text().split("\n```vim\n")[1].split("```")[0]


def until(true: Callable[[], bool], what: str, meanwhile: Callable[[], None] = lambda: None) -> int:
    """Wait, and do something meanwhile, such as typing; how often it was done."""
    end, times = time.monotonic() + PATIENCE, 0
    while not true():
        assert time.monotonic() < end, f"waited for: {what}"
        meanwhile()
        times += 1
        time.sleep(0.02)
    return times


class Vim:
    """Keys in; what it draws is read, so that it never waits for us. It writes down every buffer it takes in."""

    def __init__(self, path: Path, lines: str = "") -> None:
        self.path = path
        self.drawn = b""
        self._taken_in = path.parent.parent / "taken-in"
        rc = path.parent.parent / "vimrc"
        note = f"autocmd FileChangedShellPost * call writefile(getline(1, '$'), '{self._taken_in}')"
        rc.write_text(f"{lines or settings()}\nset noswapfile shortmess+=I\n{note}\n")
        words = ["vim", "-N", "-u", str(rc), "-i", "NONE", str(path)]
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

    def takes_in(self) -> None:
        """Wait until the buffer is what stands in the file."""
        taken, path = self._taken_in, self.path
        until(lambda: taken.exists() and taken.read_bytes() == path.read_bytes(), "Vim reads the file anew")

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
                    self.drawn += os.read(self.fd, 65536)
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


def begun(folder: Path) -> Path:
    """An entry in a new journal."""
    path = folder / "journal" / "entry.md"
    path.parent.mkdir()
    path.write_text("# Typed in Vim\n\n")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    return path


def test_cells_typed_in_vim_run_and_their_outputs_come_into_the_buffer(tmp_path: Path) -> None:
    path = begun(tmp_path)
    with watching(tmp_path):
        vim = Vim(path)
        try:
            vim.type("Go```{code-cell} python\nx = 20\nprint(x + 1)\n```\n\x1b:w\r")
            until(lambda: "```text\n21\n```" in path.read_text(), "the first output")
            vim.takes_in()
            vim.type("Gothe answer is next\n\n```{code-cell} python\nprint(2 * x + 2)\n```\n\x1b:w\r")
            until(lambda: "```text\n42\n```" in path.read_text(), "the second output")
            vim.takes_in()
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


SLOW = (
    "```{code-cell} python\nimport os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.02)\nprint(6 * 7)\n```\n"
)


def test_what_is_typed_while_nozzle_writes_is_not_lost_in_vim(tmp_path: Path) -> None:
    path = begun(tmp_path)
    with watching(tmp_path):
        vim = Vim(path)
        try:
            vim.type("Go" + SLOW + "\x1b:w\r")
            until(lambda: "status=running" in path.read_text(), "the cell runs")
            vim.type("GoAll of this Letter by letter ")
            (path.parent / "go").touch()
            end = until(lambda: "```text\n42\n```" in path.read_text(), "the output", lambda: vim.type("AL ok "))
            vim.type("the end.\x1b:w\r")
            until(lambda: b"(y/n)?" in vim.drawn, "Vim asks before it saves over the output")
            vim.type("y")
            vim.takes_in()
        finally:
            vim.close()
    text = path.read_text()
    assert f"All of this Letter by letter {'AL ok ' * end}the end.\n" in text
    assert text.count("nozzle:output") == text.count("```text\n42\n```") == 1
    assert all(slot.fresh for slot in Entry(text).slots)
