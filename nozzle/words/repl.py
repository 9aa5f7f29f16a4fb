"""nozzle repl: a prompt beside an entry, in a copy of its live state."""

from __future__ import annotations

import codeop
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nozzle.words.journal import Journal

COMPLETE = """print(*sorted(n for n in (
    [{base!r} + '.' + n for n in dir(eval({base!r}))] if {base!r} else
    [*globals(), *dir(__import__('builtins')), *__import__('keyword').kwlist]
) if n.startswith({text!r})), sep='\\n')"""
_token = re.compile(r"(?:([A-Za-z_][\w.]*)\.)?\w*$")
_keep = re.compile(r"keep(?:\s+(\d+))?$")
_end = re.compile(r"(?:exit|quit)(?:\(\))?$")
DELIMITERS = " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?"


@click.command(name="repl")
@click.argument("entry", required=False, type=click.Path(path_type=Path))
@click.option("--language", default="python", show_default=True, help="What is typed: python, bash, or a kernel's.")
def command(entry: Path | None, language: str) -> int:
    """Type code beside ENTRY (the one saved last by default), in the state that its cells have made.

    The state is a copy of the live kernel's, so it is there in a blink under a watch, and whatever is done to it, the
    entry's own stays as it is. 'keep' makes the last line a cell of the entry, below those in whose state you are, and
    runs it as one; 'keep 3' the third. Ctrl-C stops what runs, Tab completes, Ctrl-D ends. No watch is needed.
    """
    from nozzle.words.ask import newest
    from nozzle.words.journal import journal

    with journal(entry) as here:
        path = here.entries([entry])[0] if entry else newest(here)
        with at_work(here):
            return Prompt(here, path, language).talk()


@contextlib.contextmanager
def at_work(here: Journal) -> Iterator[None]:
    """The watch or run that is here; where none is, this process looks after the journal meanwhile."""
    import queue

    from nozzle import control, rest
    from nozzle.loop import Loop, Message, Quit
    from nozzle.words.hush import Hush
    from nozzle.words.requests import serving
    from nozzle.words.run import ready
    from nozzle.words.voice import Ears, Voice

    if (lines := control.ask(here.steps.private, "at work")) is not None:
        list(lines)
        yield
        return
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    ears = Ears(Hush(here.redact))
    loop = Loop(here.tools(ears, messages.put), messages)
    rest.forget(here.steps.private)
    thread = threading.Thread(target=loop.run, name="nozzle loop", daemon=True)
    with serving(loop, here, ears, "prompt"):  # what a killed process left is not that of one which is at work
        ready(loop, here, Voice())
        thread.start()
        try:
            yield
        finally:
            messages.put(Quit())
            thread.join()
            loop.close()


@dataclass
class Prompt:
    here: Journal
    path: Path
    language: str
    lines: list[str] = field(default_factory=list)
    """What was typed and run."""

    def talk(self) -> int:
        """Until Ctrl-D, or the word for it."""
        with self._readline():
            click.echo(
                f"{self.here.rel(self.path)}: a copy of its state; 'keep' makes the last line a cell, Ctrl-D ends"
            )
            if self._do("begin"):
                return 1
            try:
                while (source := self._typed()) is not None and not _end.match(source.strip()):
                    if source.strip():
                        self._turn(source)
            finally:
                self._do("end")
        return 0

    def _turn(self, source: str) -> None:
        if match := _keep.match(source.strip()):
            return self._kept(int(match[1]) if match[1] else len(self.lines))
        self.lines.append(source)
        self._do("run", source)

    def _kept(self, number: int) -> None:
        if not 0 < number <= len(self.lines):
            click.echo("there is no such line: they are counted in the prompt")
            return
        if self._do("keep", self.lines[number - 1]) == 0:
            click.echo(f"line {number} is a cell of {self.here.rel(self.path)} now")
            self._ask("run", paths=[str(self.path)])

    def _do(self, do: str, text: str | None = "") -> int:
        """One request about this prompt; its exit status."""
        args = {"id": str(os.getpid()), "owner": os.getpid(), "path": str(self.path), "language": self.language}
        return self._ask("prompt", do=do, text=text, **args)

    def _ask(self, word: str, **args: Any) -> int:
        from nozzle import control
        from nozzle.words.visible import echo

        status, gone = 0, False
        with self._interrupting(args.get("do") == "run"):
            for line in control.ask(self.here.steps.private, word, **args) or ():
                if "out" in line:
                    click.echo(line["out"], nl=False, err=line["name"] == "stderr")
                elif "input" in line:
                    self._do("answer", self._answer(line["input"]))
                elif "say" in line:
                    echo(line["say"])
                gone = gone or bool(line.get("gone"))
                status = line.get("status", status)
        if gone:
            click.echo("the copy is gone, and what was typed with it; here is another")
            self._do("begin")
        return status

    def _answer(self, prompt: str) -> str | None:
        try:
            return input(prompt)
        except EOFError:
            return None

    @contextlib.contextmanager
    def _interrupting(self, runs: bool) -> Iterator[None]:
        """Ctrl-C stops the line that runs, and not the talk."""
        if not runs or threading.current_thread() is not threading.main_thread():
            yield
            return
        usual = signal.signal(signal.SIGINT, lambda *_: self._do("interrupt") and None)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)

    def _typed(self) -> str | None:
        """A line, or more where it is not whole; None at the end."""
        number, rows = len(self.lines) + 1, list[str]()
        while True:
            try:
                rows.append(input(f"[{number}] ... " if rows else f"[{number}] >>> "))
            except EOFError:
                click.echo()
                return None
            except KeyboardInterrupt:
                click.echo()
                rows.clear()
                continue
            source = "\n".join(rows)
            if self._is_whole(source):
                return source

    def _is_whole(self, source: str) -> bool:
        if source.startswith("%%"):
            return source.endswith("\n")
        if self.language != "python":
            return not source.endswith("\\")
        try:
            return codeop.compile_command(source) is not None
        except (SyntaxError, ValueError, OverflowError):
            return True  # the kernel says what is wrong, or knows it as a magic

    @contextlib.contextmanager
    def _readline(self) -> Iterator[None]:
        """Completion and history, on a terminal."""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            yield
            return
        import readline

        from nozzle.document.secrets import find

        history = self.here.steps.shared / "repl-history"
        with contextlib.suppress(OSError):
            readline.read_history_file(history)
        readline.set_history_length(2000)
        readline.set_completer_delims(DELIMITERS)
        readline.set_completer(self._completer())
        readline.parse_and_bind("tab: complete")
        try:
            yield
        finally:
            for at in range(readline.get_current_history_length(), 0, -1):
                if any(find(readline.get_history_item(at) or "")):  # what looks like a secret goes into no file
                    readline.remove_history_item(at - 1)
            with contextlib.suppress(OSError):
                history.touch(mode=0o600)
                readline.write_history_file(history)

    def _completer(self) -> Any:
        found: list[str] = []

        def complete(text: str, number: int) -> str | None:
            if number == 0:
                found[:] = self.completed(text)
            return found[number] if number < len(found) else None

        return complete

    def completed(self, text: str) -> list[str]:
        """What a name that is begun may become, in the copy."""
        from nozzle import control

        match = _token.fullmatch(text)
        if match is None or self.language != "python":
            return []
        source = COMPLETE.format(base=match[1] or "", text=text)
        args = {"id": str(os.getpid()), "path": str(self.path), "language": "python"}
        lines = control.ask(self.here.steps.private, "prompt", do="run", text=source, **args) or ()
        return "".join(line.get("out", "") for line in lines if line.get("name") == "stdout").split()
