"""Where a kernel elsewhere is: `ssh://[user@]host[:port]/folder`, or `dask://scheduler:port`; `#bash` for a shell.

In a folder, `/~/` begins at the home there. No password stands in an address: ssh has its keys.
"""

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nozzle.errors import Missing

SCHEMES = ("ssh://", "dask://")
PATIENCE = 5
"""Seconds that a host gets to answer."""
SHELL = "#bash"
"""What stands behind the address of a shell there."""
FIRST = 'import sys;sys.path[:]=filter(None,sys.path);exec(open(0,"rb",0,closefd=False).readline())'
"""All that a far shell is given; the rest comes over the line."""
OPTIONS = (
    "BatchMode=yes", f"ConnectTimeout={PATIENCE}", "ServerAliveInterval=5", "ServerAliveCountMax=3",
    "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "RemoteCommand=none", "RequestTTY=no",
)  # fmt: skip
_host = re.compile(r"(?:([A-Za-z0-9_.][A-Za-z0-9_.+-]*)@)?([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.%]+\])(?::(\d+))?")


@dataclass(frozen=True, slots=True)
class Address:
    """A machine, and the folder there in which cells run."""

    scheme: str
    user: str
    host: str
    port: str
    folder: str
    """Empty: the home there, or what Dask gives its worker."""
    language: str

    @staticmethod
    def of(text: str) -> "Address":
        """Missing says what is wrong with it."""
        parts = urlsplit(text)
        found = _host.fullmatch(parts.netloc)
        if ":" in parts.netloc.rpartition("@")[0]:
            raise Missing("no password in the address of a kernel, it stands in the text: ssh has keys for that")
        if found is None or parts.query or parts.fragment not in ("", "bash"):
            raise Missing(f"{text} names no machine: ssh://user@host:port/folder does, or dask://scheduler:port")
        user, host, port = (each or "" for each in found.groups())
        if parts.scheme == "dask" and (user or not port or parts.path.strip("/")):
            raise Missing(f"{text} names no Dask scheduler: dask://host:port does")
        folder = unquote(parts.path).removeprefix("/~/") if parts.path.startswith("/~/") else unquote(parts.path)
        return Address(parts.scheme, user, host.strip("[]"), port, folder.rstrip("/"), parts.fragment or "python")

    @property
    def name(self) -> str:
        """What a person calls the machine."""
        return f"the Dask scheduler {self.host}:{self.port}" if self.scheme == "dask" else self.host

    @property
    def machine(self) -> tuple[str, ...]:
        """The same for all that one line can serve."""
        return self.scheme, self.user, self.host, self.port, self.folder

    def lacks(self) -> str:
        """What this machine has not to reach that one; empty when nothing."""
        if self.scheme == "ssh":
            return "" if shutil.which("ssh") else "a kernel on another machine needs the program ssh: install OpenSSH"
        from importlib.util import find_spec

        return "" if find_spec("distributed") else "Dask is spoken to through its package: pip install 'nozzle[dask]'"

    def command(self) -> list[str]:
        """The program whose standard input and output are those of a Python there."""
        if self.scheme == "dask":
            script = Path(__file__).with_name("dasked.py")
            return [sys.executable, "-P", str(script), f"{self.host}:{self.port}", FIRST]
        options = [word for option in OPTIONS for word in ("-o", option)]
        where = [*(("-p", self.port) if self.port else ()), *(("-l", self.user) if self.user else ())]
        return ["ssh", "-T", *options, *where, "--", self.host, f"exec python3 -c '{FIRST}'"]
