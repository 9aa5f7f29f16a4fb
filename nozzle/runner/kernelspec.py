"""Jupyter kernels, for cells that are neither Python nor bash: on this machine, found by name, else by their language;
or kept by a Jupyter server, found by its address (`jupyter+https://host/base`, `#name` behind it names a kernelspec).

Nothing is installed; what is missing is told in one line that says how to install it.
"""

import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from nozzle.errors import Missing
from nozzle.runner.far.address import SCHEMES, Address

OWN = ("python", "bash")
"""Languages with a worker of nozzle's own."""
HOW = {
    "julia": "in Julia, `using Pkg; Pkg.add(\"IJulia\")`",
    "r": "in R, `install.packages(\"IRkernel\"); IRkernel::installspec()`",
    "deno": "`pip install deno && deno jupyter --install`",
    "octave": "`pip install octave_kernel`",
    "rust": "`cargo install evcxr_jupyter && evcxr_jupyter --install`",
    "ruby": "`gem install iruby && iruby register --force`",
    "go": "`go install github.com/janpfeifer/gonb@latest && gonb --install`",
}  # fmt: skip
OTHERWISE = "install a Jupyter kernel for it; `jupyter kernelspec list` shows those there are"
HOW |= {"ir": HOW["r"], "typescript": HOW["deno"], "javascript": HOW["deno"]}


@dataclass(frozen=True, slots=True)
class Kernelspec:
    """What Jupyter knows of a kernel."""

    name: str
    folder: Path
    command: str
    language: str
    """In lower case."""
    token: str = field(default="", repr=False)
    """That the server wants which keeps it."""


FAR = "jupyter+"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Kernelspecs:
    """Those of this user and this machine; those in the `.venv` of `root` too, when a root is given."""

    root: Path | None = None
    token: Callable[[str], str] = lambda server: ""
    """The token for a server (`host:port`); empty when there is none."""

    def named(self, name: str) -> Kernelspec | None:
        """The one of this name; Missing when its file cannot be read or the name is none."""
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name in (".", ".."):
            raise Missing(f"{name!r} is no name of a Jupyter kernelspec: letters, digits, '.', '_' and '-' are")
        places = (folder / name / "kernel.json" for folder in self._folders())
        return next((_read(file) for file in places if file.is_file()), None)

    def find(self, language: str) -> Kernelspec:
        """The kernel of this name, else the first for this language; Missing says how to come by one."""
        if language.startswith(SCHEMES):
            if lacks := Address.of(language).lacks():
                raise Missing(lacks)
            return Kernelspec(language, Path(), "", language)
        if "://" in language:
            return self._far(language)
        found = self.named(language) or self._speaking(language.lower())
        if found is None:
            raise Missing(f"there is no kernel for {language} here: {HOW.get(language.lower(), OTHERWISE)}")
        if importlib.util.find_spec("jupyter_client") is None:
            raise Missing(f"the kernel {found.name} is spoken to through jupyter_client: pip install 'nozzle[jupyter]'")
        return found

    def _far(self, address: str) -> Kernelspec:
        """The kernel of a server; Missing when the address is none, or a token would go there for all to read."""
        if not address.startswith((f"{FAR}http://", f"{FAR}https://")):
            raise Missing(
                f"no kernel can be had at {address}: jupyter+https://host/base names a Jupyter server, and "
                "ssh://host/folder a machine"
            )
        server = urlsplit(address.removeprefix(FAR))
        if server.username or server.password or server.query:
            raise Missing(f"the kernel at {server.hostname}: no token or password in an address, it stands in the text")
        if server.scheme == "http" and server.hostname not in LOOPBACK:
            raise Missing(f"the kernel at {server.hostname}: plain http is for this machine only; say jupyter+https://")
        if importlib.util.find_spec("tornado") is None:
            raise Missing("a Jupyter server is spoken to through tornado: pip install 'nozzle[jupyter]'")
        return Kernelspec(address, Path(), "", address, self.token(server.netloc))

    def lacks(self, language: str) -> str:
        """Why no cell of this language can run here; empty when one can."""
        if language in OWN:
            return ""
        try:
            self.find(language)
        except Missing as error:
            return str(error)
        return ""

    def all(self) -> list[Kernelspec]:
        """Those that can be read, and are not for Python."""
        found: dict[str, Kernelspec] = {}
        for folder in self._folders():
            for file in sorted(folder.glob("*/kernel.json")):
                try:
                    found.setdefault(file.parent.name, _read(file))
                except Missing:
                    continue
        return [spec for spec in found.values() if spec.language != "python"]

    def _speaking(self, language: str) -> Kernelspec | None:
        return next((spec for spec in self.all() if spec.language == language), None)

    def _folders(self) -> Iterator[Path]:
        home = os.environ.get("JUPYTER_DATA_DIR") or Path.home() / ".local" / "share" / "jupyter"
        listed = filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep))
        environments = [
            *([self.root / ".venv"] if self.root else []),
            Path(os.environ.get("VIRTUAL_ENV") or sys.prefix),
            Path(sys.prefix),
            Path("/usr/local"),
            Path("/usr"),
        ]
        data = [*map(Path, listed), Path(home), *(folder / "share" / "jupyter" for folder in environments)]
        return (folder / "kernels" for folder in data)


def _read(file: Path) -> Kernelspec:
    try:
        spec = json.loads(file.read_text("utf-8"))
        command, language = str(spec["argv"][0]), str(spec.get("language", "python")).lower()
    except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
        raise Missing(f"{file} is no kernelspec ({error}): install that kernel again") from error
    return Kernelspec(file.parent.name, file.parent, command, language)
