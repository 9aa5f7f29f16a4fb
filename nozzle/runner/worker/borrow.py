"""Find IPython in nozzle's own environment, for a project's interpreter that has none but is of the same version.

Only IPython and what it needs are found there: no other package of nozzle's is one of the project's. matplotlib looks
for the backend that shows its figures by what its distribution says of itself, so of that one this is found as well.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, DistributionFinder

_LENT = """IPython traitlets matplotlib_inline decorator pygments ipython_pygments_lexers stack_data executing asttokens
pure_eval prompt_toolkit wcwidth jedi parso pexpect ptyprocess typing_extensions exceptiongroup"""
LENT = tuple(_LENT.split())
BACKEND = "matplotlib_inline"


class Lender:
    """The last of the finders: what the interpreter has itself comes first."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the lent names only."""
        if path is not None or name not in LENT:
            return None
        return importlib.machinery.PathFinder.find_spec(name, self.folders)

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        """Answer for the backend of matplotlib only, unless the interpreter has one itself."""
        from importlib.metadata import DistributionFinder, MetadataPathFinder

        wanted = (context and context.name) or BACKEND
        if wanted.lower().replace("-", "_") != BACKEND or self._has_backend():
            return ()
        lent = DistributionFinder.Context(name=BACKEND, path=self.folders)
        return MetadataPathFinder.find_distributions(lent)

    def _has_backend(self) -> bool:
        return importlib.machinery.PathFinder.find_spec(BACKEND) is not None


def lend(folders: list[str]) -> None:
    """Let the lent names be imported from `folders`."""
    sys.meta_path.append(Lender(folders))
