"""The bash worker, and its state as text: what a shell knows is written out by the shell itself and read by another."""

import os
import re
import select
import time
from collections.abc import Iterator
from pathlib import Path

from nozzle.runner.confine import Bounds, Held
from nozzle.runner.job import Job, Limits
from nozzle.runner.keeper import PATIENCE
from nozzle.runner.kernel import Kernel, Message, Tainted, take
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place, launch

LINE = 251
ASIDE = 10
"""Where bash has its standard error while it waits for the next cell."""
LOOKS, PAUSE = 25, 0.002
OURS = b"\1"
"""How a command of the host's begins: it may write to our line, and the author sees nothing of it."""
UNHEARD = "a function of the cells stands for the command builtin, by which nozzle speaks with this shell"
CUT_OFF = "the cell closed its line to nozzle: no ulimit -n below 256, and no descriptor 251"
LIFE = (
    "builtin printf 'bash %s\\0' \"$BASH_VERSION\" >&251; "
    "while { __nozzle=$'\\2'; IFS= builtin read -r -d '' -u 251 __nozzle; } 2>/dev/null; "
    f"do if [[ $__nozzle == $'\\2' ]]; then __nozzle=${{__nozzle_builtin:?{UNHEARD}}}; "
    "elif [[ $__nozzle == $'\\1'* ]]; then { builtin eval \"${__nozzle:1}\"; } 2>/dev/null; "
    'else { [[ . -ef $PWD ]] || builtin cd "$PWD" || :; } 2>/dev/null; eval "$__nozzle" 251<&-; fi; '
    "{ builtin printf '%s\\0' \"$?\" >&251; } 2>/dev/null; done; "
    f"[[ -e /dev/fd/251 ]] || __nozzle=${{__nozzle_line:?{CUT_OFF}}}"
)
"""The life of a bash worker, in one line, for bash counts a cell's lines from there.

A cell is evaluated with our line closed, so that no program holds it; and in the folder of that name, though another
one may have been put in its place, as by a checkout. What cells take from it by which it hears and speaks ends it, and
is told by an expansion that fails: that calls nothing.
"""
NOT_STATE = (
    "BASH|BASHOPTS|BASHPID|BASH_ALIASES|BASH_ARGC|BASH_ARGV|BASH_ARGV0|BASH_CMDS|BASH_COMMAND|BASH_EXECUTION_STRING"
    "|BASH_LINENO|BASH_MONOSECONDS|BASH_REMATCH|BASH_SOURCE|BASH_SUBSHELL|BASH_TRAPSIG|BASH_VERSINFO|BASH_VERSION"
    "|BASH_XTRACEFD|SHELLOPTS|EUID|UID|PPID|_|__nozzle*|FUNCNAME|GROUPS|DIRSTACK|PIPESTATUS|RANDOM|SRANDOM|SECONDS"
    "|EPOCHREALTIME|EPOCHSECONDS|LINENO|NOZZLE_KERNEL"
)
"""Variables that are the shell's own."""
EACH = 'while IFS= builtin read -r __nozzle_name; do case $__nozzle_name in "") ;;'
THEM = 'esac; done <<< "$(builtin compgen -v)"'
"""Around what is done with each variable; however the author has words split."""
DUMP = f"""
{{
builtin shopt -p
builtin declare -f
builtin declare -Fx
{EACH} {NOT_STATE}) ;; *) builtin declare -p "$__nozzle_name" 2>/dev/null || : ;; {THEM}
builtin unset __nozzle_name
builtin alias -p
builtin printf 'set --'; (( $# )) && builtin printf ' %q' "$@"
builtin printf '\nbuiltin cd %q\\nunset OLDPWD\\n' "$PWD"
builtin declare -p OLDPWD 2>/dev/null || :
[[ -v BASH_COMPAT ]] || builtin printf 'unset BASH_COMPAT\\n'
builtin umask -p
builtin trap -p
builtin set +o
builtin printf '\\0'
}} >&{LINE}
"""
CLEAR = f"""
{EACH} {NOT_STATE}) ;; *) builtin unset -v "$__nozzle_name" 2>/dev/null || : ;; {THEM}
builtin unset __nozzle_name
"""
UNSEEN = re.compile(
    r"\b(?:RANDOM|BASH_REMATCH|BASH_XTRACEFD|BASH_ARGV0|pushd|popd|ulimit|coproc|enable|DEBUG)\b"
    r"|\b(?:builtin|declare)(?= *\( *\))|(?<=\bfunction )(?:builtin|declare)\b"
)
"""What a cell may change in a shell that no shell can write out, or by which it would not write out the rest."""


class Bash:
    """The bash worker: one shell whose variables, functions and folder live from cell to cell.

    An interrupt ends the shell, as bash itself does: what is left of the cell never runs, and the state is gone.
    """

    def __init__(self, place: Place, limits: Limits, bounds: Bounds | None = None) -> None:
        self.outputs = Outputs(limits)
        self.process = launch(place, "bash", self.outputs, LIFE, bounds)
        self.held: Held | None = None
        self._limits = limits
        self._bounds = bounds
        self.outputs.handed_over()
        self.said_all = False
        self._heard = bytearray()
        self._version = ""
        self._began = 0.0
        self._place = place
        self._early: list[Message] = []
        """What was said while nobody listened."""
        self._unseen = ""
        """A word of a cell by which it changed what cannot be written out."""

    def begin(self, job: Job) -> bool:
        self.outputs.begin(job.cell)
        self._began = time.monotonic()
        if found := UNSEEN.search(job.source):
            self._unseen = found[0]
        self._say(job.source.replace("\0", "").lstrip("\1").encode())
        return bool(self._version)

    def hear(self) -> Iterator[Message]:
        early, self._early = self._early, []
        yield from early
        while (word := self._word()) is not None:
            yield from self._meaning(word.decode())

    def traces(self) -> Message:
        return {"spawned": True}

    def answer(self, number: int, text: str | None = None) -> None:
        """Bash asks nothing: its standard input is empty."""

    def freeze(self) -> "Dump | Tainted":
        began = time.monotonic()
        if why := self._tainted():
            return Tainted(why)
        self._say(OURS + DUMP.encode())
        state, status = self._waited(), self._waited()
        if state is None or status != b"0":
            return Tainted("its shell did not say what it knows")
        return Dump(state, time.monotonic() - began, self._bounds, self.held)

    def confine(self, bounds: Bounds) -> Kernel | Tainted:
        image = self.freeze()
        if isinstance(image, Tainted):
            return image
        shell = Dump(image.state, 0.0, bounds, None).wake(self._place, self._limits)
        if shell is None:
            return Tainted("a shell in bounds did not start")
        self.process.close()
        self.outputs.close()
        return shell

    def watchdog(self) -> None:
        """Another shell in the same state is as good as the first."""

    def become(self, state: bytes) -> bool:
        """Take over what another shell has written out; False when it did not work."""
        self._say(OURS + CLEAR.encode() + state)
        while (word := self._waited()) is not None:
            if word.isdigit():
                return word == b"0"
            self._early += self._meaning(word.decode())
        return False

    def _tainted(self) -> str:
        """What this shell has that no text can say."""
        pid, readers = self.process.pid, self.outputs.readers()
        if self._unseen:
            return f"bash cannot write out what {self._unseen} changes"
        if Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return "a program that it started goes on"
        if len(readers) < 2:
            return "its output goes elsewhere"
        for _ in range(LOOKS):  # it has said that it is done, and is on its way back to waiting
            if not (why := _redirected(pid, readers)):
                return ""
            time.sleep(PAUSE)
        return why

    def _say(self, words: bytes) -> None:
        try:
            self.process.line.sendall(words + b"\0")
        except (BrokenPipeError, ConnectionResetError):
            self.said_all = True

    def _word(self) -> bytes | None:
        """The next that it said, if it did."""
        self.said_all = take(self.process.line, self._heard)
        word, end, rest = self._heard.partition(b"\0")
        if not end:
            return None
        self._heard = rest
        return bytes(word)

    def _waited(self) -> bytes | None:
        """The next that it says; None when it ends or takes too long."""
        poll, end = select.poll(), time.monotonic() + PATIENCE
        for descriptor in (self.process.line.fileno(), self.process.ended):
            poll.register(descriptor, select.POLLIN)
        while (word := self._word()) is None and not self.said_all and (rest := end - time.monotonic()) > 0:
            poll.poll(rest * 1000)
        return word

    def _meaning(self, word: str) -> Iterator[Message]:
        match word.split():
            case ["ready", hidden]:
                yield {"t": "ready", "hidden": hidden == "1"}
            case ["confined", files, network, signals]:
                self.held = Held(files == "1", network == "1", signals == "1")
            case ["bash", version]:
                self._version = version.partition("(")[0]
                self._began = time.monotonic()
                yield {"t": "begun"}
            case [status]:
                yield from self._done(int(status))

    def _done(self, status: int) -> Iterator[Message]:
        if status:
            evalue = f"the last command ended with status {status}"
            yield {"t": "error", "ename": f"exit {status}", "evalue": evalue, "traceback": []}
        yield {
            "t": "done",
            "ok": status == 0,
            "seconds": time.monotonic() - self._began,
            "memory": _peak(self.process.pid),
            "spawned": True,
            "packages": {"bash": self._version},
        }


def _redirected(pid: int, readers: list[int]) -> str:
    """What is open in a waiting shell beside its own, or leads elsewhere than to the readers of its output."""
    try:
        if {int(name) for name in os.listdir(f"/proc/{pid}/fd")} - {0, 1, 2, ASIDE, LINE, 255}:
            return "its shell holds an open file"
        for standard, reader in zip((1, ASIDE), readers, strict=True):
            if os.readlink(f"/proc/{pid}/fd/{standard}") != os.readlink(f"/proc/self/fd/{reader}"):
                return "its output goes elsewhere"
    except OSError:
        return "its output goes elsewhere"
    return ""


class Dump:
    """A shell's state as text."""

    harm = ""

    def __init__(self, state: bytes, cost: float, bounds: Bounds | None, held: Held | None) -> None:
        self.state, self.cost, self.held = state, cost, held
        self._bounds = bounds

    def wake(self, place: Place, limits: Limits) -> Kernel | None:
        try:
            shell = Bash(place, limits, self._bounds)
        except OSError:
            return None
        if shell.become(self.state):
            return shell
        shell.process.close()
        shell.outputs.close()
        return None

    def memory(self) -> int:
        return len(self.state)


def _peak(pid: int) -> int:
    """The most memory that the process ever held, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
