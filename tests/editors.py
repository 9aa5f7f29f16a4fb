"""How real editors save a file: each pattern is a function (path, text) that returns when the save is complete."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, bytes], None]


def in_place(path: Path, text: bytes) -> None:
    """Truncate and write at once: VS Code, Zed, nano, shell redirection."""
    path.write_bytes(text)


def slow_in_place(path: Path, text: bytes) -> None:
    """Truncate, write one half, pause, write the other, close."""
    half = len(text) // 2
    with path.open("wb", buffering=0) as file:
        file.write(text[:half])
        time.sleep(0.001)
        file.write(text[half:])


def by_rename(path: Path, text: bytes) -> None:
    """Write a temporary file and rename it over the entry: Helix, gedit, JetBrains."""
    temp = path.with_name(f".{secrets.token_hex(4)}.tmp")
    temp.write_bytes(text)
    os.replace(temp, path)


def backup_dance(path: Path, text: bytes) -> None:
    """Vim with backupcopy=no: move the file aside, write it anew, sync, remove the backup."""
    backup = path.with_name(path.name + "~")
    os.rename(path, backup)
    with path.open("wb", buffering=0) as file:
        file.write(text)
        os.fsync(file.fileno())
    backup.unlink()


def backup_copy(path: Path, text: bytes) -> None:
    """Vim with backupcopy=yes, Emacs with backup-by-copying: copy it aside, then write in place."""
    backup = path.with_name(path.name + "~")
    shutil.copy2(path, backup)
    path.write_bytes(text)
    backup.unlink()


def twice(path: Path, text: bytes) -> None:
    """Two quick saves: the first without the last line."""
    path.write_bytes(b"".join(text.splitlines(keepends=True)[:-1]))
    path.write_bytes(text)


def autosave(path: Path, text: bytes) -> None:
    """Three saves while the last line is being typed."""
    body, last = text[: text.rindex(b"\n", 0, -1) + 1], text[text.rindex(b"\n", 0, -1) + 1 :]
    for share in (3, 2, 1):
        path.write_bytes(body + last[: len(last) // share])
        time.sleep(0.0005)


def sed(path: Path, text: bytes) -> None:
    """The real `sed -i`, made to put the last line of `text` at the end of what the file holds."""
    last = text.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode()
    subprocess.run(["sed", "-i", f"$a {last}", str(path)], check=True)


def vim(path: Path, text: bytes, *, backupcopy: str) -> None:
    """The real vim: replace the buffer by `text` and save."""
    buffer = path.with_name(f".{secrets.token_hex(4)}.buffer")
    buffer.write_bytes(text)
    settings = f"set backup writebackup backupskip= backupdir=. backupcopy={backupcopy} noswapfile"
    commands = (settings, "%d _", f"0r {buffer}", "w!", "q!")
    words = [word for each in commands for word in ("-c", each)]
    run = ["vim", "-u", "NONE", "-N", "-es", *words, str(path)]
    subprocess.run(run, check=True, cwd=path.parent, stdin=subprocess.DEVNULL, capture_output=True)
    buffer.unlink()
    path.with_name(path.name + "~").unlink(missing_ok=True)


SYSCALLS: tuple[Save, ...] = (in_place, slow_in_place, by_rename, backup_dance, backup_copy, twice, autosave)
"""The patterns that need no program of their own: fast enough for a thousand runs."""


def vim_in_place(path: Path, text: bytes) -> None:
    vim(path, text, backupcopy="yes")


def vim_by_rename(path: Path, text: bytes) -> None:
    vim(path, text, backupcopy="no")


PROGRAMS: tuple[Save, ...] = tuple(
    [sed] * bool(shutil.which("sed")) + [vim_in_place, vim_by_rename] * bool(shutil.which("vim"))
)
"""The programs themselves, as far as they are on this machine."""
