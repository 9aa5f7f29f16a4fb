"""A real sshd on loopback, as this user, with keys of its own; and an `ssh` that knows the way to it as `far`."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
WHY_NOT = "there is no sshd here: apt-get install openssh-server"


@dataclass
class Sshd:
    folder: Path
    port: int

    @property
    def path(self) -> str:
        """A PATH on which `ssh` is the one that knows the way."""
        return f"{self.folder / 'bin'}:{os.environ['PATH']}"

    @property
    def sent(self) -> Path:
        """Where the far side keeps what it was sent."""
        return self.folder / "cache" / "nozzle" / "far"

    def lines(self) -> list[int]:
        """The relays that live on the far side."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_relay(pid)]

    def _is_relay(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return f"XDG_CACHE_HOME={self.folder / 'cache'}".encode() in environment and b"readline()" in words


@contextlib.contextmanager
def sshd(folder: Path, python: Path = Path(sys.executable)) -> Iterator[Sshd]:
    """Its python3 is `python`."""
    assert SSHD is not None
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it of root, and a container has it not
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    programs = folder / "far-bin"
    programs.mkdir()
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    (programs / "python3").chmod(0o755)
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder / 'host'}\nAuthorizedKeysFile {folder / 'user.pub'}\n"
        f"StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"AcceptEnv *\nSetEnv PATH={programs}:/usr/bin:/bin XDG_CACHE_HOME={folder / 'cache'}\n"
    )
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "ssh_config").write_text(
        f"SendEnv *\nHost far\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {folder / 'user'}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder / 'known_hosts'}\n"
    )
    (folder / "bin").mkdir()
    ssh = folder / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec "{shutil.which("ssh")}" -F "{folder / "ssh_config"}" "$@"\n')
    ssh.chmod(0o755)
    log = (folder / "log").open("wb")
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "sshd_config"], stdin=subprocess.DEVNULL, stderr=log)
    try:
        _answers(port, process, folder / "log")
        yield Sshd(folder, port)
    finally:
        process.terminate()
        process.wait()
        log.close()


def _answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
