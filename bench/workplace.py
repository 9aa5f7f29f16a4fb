"""What every figure works in: a scratch folder, an environment of its own, the control, the peers."""

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from contest import PATIENCE, Control, Took, process
from peers import Peers

ROOT = Path(__file__).resolve().parent.parent
WHO = "[user]\n\tname = bench\n\temail = bench@localhost\n[init]\n\tdefaultBranch = main\n"


@dataclass(slots=True)
class Workplace:
    folder: Path
    peers: Peers
    reps: int | None = None
    control: Control = field(default_factory=Control)

    def times(self, usual: int) -> int:
        """How often to repeat: as often as was asked, else what is usual for the figure."""
        return self.reps or usual

    def new(self, name: str) -> Path:
        """An empty folder that no figure has used."""
        number = len(list(self.folder.glob(f"{name}-*")))
        made = self.folder / f"{name}-{number}"
        made.mkdir(parents=True)
        return made

    def repository(self, name: str) -> Path:
        """An empty git repository."""
        made = self.new(name)
        self.git(made, "init", "-q")
        return made

    def git(self, folder: Path, *words: str) -> Took:
        return process(["git", *words], folder)

    def nozzle(self, folder: Path, *words: str, patience: float = PATIENCE) -> Took:
        """A word of nozzle's command line, as a new process of this checkout."""
        return process([sys.executable, "-m", "nozzle", *words], folder, patience=patience)


def isolate(folder: Path) -> None:
    """Make this process and its children deaf to the machine's own settings of git, Python and nozzle.

    Of Python too: where PYTHONDONTWRITEBYTECODE is set, every process of one arm would compile its modules anew.
    """
    home = folder / "home"
    home.mkdir()
    (home / "gitconfig").write_text(WHO)
    for name in [name for name in os.environ if name.startswith(("GIT_", "NOZZLE_", "PYTHON"))]:
        del os.environ[name]
    os.environ.pop("VIRTUAL_ENV", None)
    os.environ.update(
        HOME=str(home), NOZZLE_HOME=str(home / "nozzle"), GIT_CONFIG_GLOBAL=str(home / "gitconfig"),
        GIT_CONFIG_NOSYSTEM="1", PYTHONPATH=str(ROOT),
    )  # fmt: skip


def clean(where: Workplace, folder: Path) -> str:
    """What differs from HEAD; empty when nothing does. Only looks: git must not refresh the index."""
    return str(where.git(folder, "--no-optional-locks", "status", "--porcelain").evidence).strip()


def head(where: Workplace, folder: Path) -> str:
    return str(where.git(folder, "rev-parse", "HEAD").evidence).strip()


def commits(where: Workplace, folder: Path) -> int:
    return int(str(where.git(folder, "rev-list", "--count", "HEAD").evidence))


def opened(script: Path, name: str) -> ModuleType:
    """A room's own script, by its path: a figure's module may have the same name."""
    spec = importlib.util.spec_from_file_location(name, script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
