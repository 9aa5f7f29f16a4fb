"""The programs nozzle is measured against, each in an environment of its own, never in nozzle's.

    python bench/peers.py [NAME...]      # nbclient jcache kishu mkdocs eleventy; into .nozzle/peers

Packages come from PyPI and npm by pip and npm. What was installed is written beside each, and asked again before and
after a run: a peer that changed meanwhile is not compared.
"""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / ".nozzle" / "peers"
PYTHON = {
    "nbclient": ("nbclient>=0.10", "nbformat", "ipykernel"),
    "jcache": ("jupyter-cache>=1.0", "ipykernel"),
    "kishu": ("kishu==0.3.4", "ipykernel"),
    "mkdocs": ("mkdocs>=1.6", "Pygments"),
}
NODE = {"eleventy": ("@11ty/eleventy@3", "@11ty/eleventy-plugin-syntaxhighlight@5")}
SLOW = "rfc3987-syntax"
"""Makes `import nbformat` ten times slower by building a grammar: with it the peer would look worse than it is."""
MADE_BY = "python bench/peers.py makes them"


@dataclass(slots=True)
class Peers:
    """The peers that there are; none at all unless they are wanted."""

    place: Path = PLACE
    wanted: bool = False
    _before: dict[str, str] = field(default_factory=dict)

    def missing(self, name: str) -> str:
        """Why a peer is not measured; empty when it can be."""
        if not (self.place / name / "freeze.txt").is_file():
            return f"skipped: {name} is not here, {MADE_BY}"
        if not self.wanted:
            return "skipped: --peers measures it"
        if name not in self._before:
            self._before[name] = frozen(self.place / name)
        if SLOW in self._before[name]:
            return f"void: {name} is slowed down by {SLOW}; {MADE_BY} anew"
        return ""

    def program(self, name: str, program: str) -> Path:
        folder = self.place / name
        return folder / ("node_modules/.bin" if name in NODE else "bin") / program

    def changed(self) -> list[str]:
        """Peers that are not what they were when the run began."""
        return [name for name, before in self._before.items() if frozen(self.place / name) != before]

    def versions(self) -> dict[str, str]:
        return dict(self._before)


def plain() -> dict[str, str]:
    """The environment without what belongs to nozzle's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def frozen(folder: Path) -> str:
    """What is installed in a peer's folder."""
    if (folder / "bin").is_dir():
        words = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "freeze"]
    else:
        words = ["npm", "ls", "--all", "--prefix", str(folder)]
    return subprocess.run(words, capture_output=True, text=True, env=plain()).stdout


def make(name: str, place: Path) -> None:
    """Install a peer afresh."""
    folder = place / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if name in PYTHON:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        subprocess.run([*pip, *PYTHON[name]], check=True, env=plain())
    else:
        (folder / "package.json").write_text('{"private": true, "type": "module"}\n')
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), *NODE[name]], check=True)
    (folder / "freeze.txt").write_text(frozen(folder))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*PYTHON, *NODE])}; all by default")
    words.add_argument("--into", type=Path, default=PLACE)
    said = words.parse_args()
    unknown = set(said.names) - {*PYTHON, *NODE}
    if unknown:
        words.error(f"there is no peer {', '.join(sorted(unknown))}")
    for name in said.names or [*PYTHON, *NODE]:
        if name in NODE and shutil.which("npm") is None:
            print(f"{name}: skipped, npm is not here")
            continue
        make(name, said.into)
        print(f"{name}: {said.into / name}")


if __name__ == "__main__":
    main()
