"""The one door to git: every call says which repository it means and is deaf to everything else.

It refuses to be steered from outside: no hooks, no signing, no prompts, no file-system monitor, no pager, no variables
of a hook that nozzle may have been started from. Only GitPython's command interface is used, never its Python index.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, NoReturn

from nozzle.errors import Missing, NozzleError, Refused, Unwritable

if TYPE_CHECKING:
    from git.cmd import Git

CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.safecrlf=false",
    "core.quotePath=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "log.showSignature=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "advice.detachedHead=false",
    "advice.addEmbeddedRepo=false",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "color.ui=false",
)

QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_ADVICE": "1",
}

# `git rev-parse --local-env-vars`, and the others that would turn an answer: git sets some of them in its hooks.
LEAKS = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_ATTR_SOURCE",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_DEFAULT_HASH",
    "GIT_TEMPLATE_DIR",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_FLUSH",
]


@dataclass(frozen=True, slots=True)
class Said:
    """What one git process answered."""

    status: int
    out: bytes
    err: str


class Process:
    """A git process with its three pipes; GitPython ends it when nobody holds it any more."""

    def __init__(self, held: "Git.AutoInterrupt") -> None:
        proc = held.proc
        assert proc is not None
        assert isinstance(proc.stdin, BufferedWriter)
        assert isinstance(proc.stdout, BufferedReader)
        assert isinstance(proc.stderr, BufferedReader)
        self._held = held
        self._proc = proc
        self.stdin, self.stdout, self.stderr = proc.stdin, proc.stdout, proc.stderr

    def end(self, given: bytes = b"") -> Said:
        """Send the last words, hear the rest, wait."""
        out, err = self._proc.communicate(given or None)
        return Said(self._proc.returncode, out, err.decode("utf-8", "replace").strip())

    def stop(self) -> Said:
        """End it now; git takes its locks away when it is asked like this."""
        self._proc.terminate()
        return self.end()


@dataclass(frozen=True, slots=True)
class Door:
    """Git, for one repository (`where` are the options that name it) in one folder."""

    folder: Path
    where: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    def run(self, *words: str, given: bytes = b"", ok: Sequence[int] = (0,)) -> bytes:
        """Run one git command to its end; an exit status that is not `ok` raises what it means."""
        said = self.ask(*words, given=given)
        if said.status not in ok:
            fail(words, said.err)
        return said.out

    def ask(self, *words: str, given: bytes = b"") -> Said:
        """Run one git command to its end, whatever its exit status."""
        return self.start(*words).end(given)

    def start(self, *words: str) -> Process:
        """Start a git command whose stdin, stdout and stderr are pipes."""
        git = _gitpython(self.folder)
        command = [*_deafened(), git.GIT_PYTHON_GIT_EXECUTABLE or "git", *_options(), *self.where, *words]
        from git.exc import GitCommandNotFound

        try:
            # A session of its own: Ctrl-C in the terminal must not stop git halfway through an index.
            env = {**QUIET, **dict(self.env)}
            return Process(git.execute(command, istream=PIPE, as_process=True, env=env, start_new_session=True))
        except GitCommandNotFound as error:
            if not self.folder.is_dir():  # where git was to start; the system says the same of both
                raise Missing(f"{self.folder}: this folder is not there any more") from error
            raise Missing("git is not on this machine: install git, then run this again") from error
        except OSError as error:
            raise NozzleError(f"git could not be started in {self.folder}: {error.strerror or error}") from error

    def with_index(self, index: Path) -> "Door":
        """The same door, looking at another index file."""
        return Door(self.folder, self.where, (*self.env, ("GIT_INDEX_FILE", str(index))))


def fail(words: Sequence[str], said: str) -> NoReturn:
    """Raise what git said as an error the author can act on."""
    if "dubious ownership" in said:
        folder = said.partition("'")[2].partition("'")[0]
        raise Refused(
            f"the repository at {folder} belongs to another user, and git does not trust it: if you do, run "
            f"`git config --global --add safe.directory {folder}`"
        )
    unwritten(said)
    first = next((line for line in said.splitlines() if line.startswith(("fatal:", "error:"))), said)
    raise NozzleError(f"git {next(word for word in words if word[0] != '-')} failed: {first or 'without a word'}")


def unwritten(said: str) -> None:
    """Raise Unwritable where git said that the disk takes nothing."""
    if "No space left" in said:
        raise Unwritable(f"the disk is full, git could not write a step: free some space and try again ({said})")
    if "Read-only file system" in said:
        raise Unwritable(
            f"the disk is read-only, git can write nothing there: make it writable, then try again ({said})"
        )
    if re.search(r"Unable to create '.*': Permission denied", said):
        raise Unwritable(f"git may write nothing there: go on as the user whose repository it is ({said})")


def _gitpython(folder: Path) -> "Git":
    try:
        from git.cmd import Git  # a tenth of a second: only who opens a repository pays it
    except ImportError as error:
        raise Missing("git is not on this machine: install git, then run this again") from error
    return Git(str(folder))


def _options() -> list[str]:
    return ["--no-pager", *(word for setting in CONFIG for word in ("-c", setting))]


def _deafened() -> list[str]:
    """`env -u`, only when something leaks: GitPython copies the whole environment and can unset nothing."""
    leaks = [name for name in LEAKS if name in os.environ]
    leaks += [name for name in os.environ if name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))]
    return ["env", *(word for name in leaks for word in ("-u", name))] if leaks else []
