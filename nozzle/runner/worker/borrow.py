"""Find IPython in nozzle's own environment, for a project's interpreter that has none but is of the same version.

Only IPython and what it needs are found there: no other package of nozzle's is one of the project's.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

LENT = """IPython traitlets matplotlib_inline decorator pygments ipython_pygments_lexers stack_data executing asttokens
pure_eval prompt_toolkit wcwidth jedi parso pexpect ptyprocess typing_extensions exceptiongroup"""
NAMES = frozenset(LENT.split())


class Lender:
    """The last of the finders: what the interpreter has itself comes first."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the lent names only."""
        if path is not None or name not in NAMES:
            return None
        return importlib.machinery.PathFinder.find_spec(name, self.folders)


def lend(folders: list[str]) -> None:
    """Let the lent names be imported from `folders`."""
    sys.meta_path.append(Lender(folders))
