"""The command line. It only finds the word; each word is a file of `words`, opened when it is said."""

import errno
import importlib
import keyword
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from nozzle.errors import NozzleError

# word, the line that help shows, group; the first ten are what help shows first
WORDS: tuple[tuple[str, str, str], ...] = (
    ("new", "Start an entry", "first"),
    ("watch", "Run cells as you save, until Ctrl-C", "first"),
    ("run", "Run what is due, once", "first"),
    ("due", "What would run, and why", "first"),
    ("log", "The steps, newest first", "first"),
    ("rewind", "Go back to a step; nothing is lost", "first"),
    ("ask", "A question to the journal, or to any past step", "first"),
    ("do", "A task for the doer, as proposals in the text", "first"),
    ("build", "Make the site", "first"),
    ("publish", "Make the site and bring it out", "first"),
    ("condense", "From a ramble to a line: what is open, decided, done, next", "agents"),
    ("show", "One step: text, outputs, files, time", "time"),
    ("fork", "A thread of its own from any step, in its own folder", "time"),
    ("threads", "The threads side by side, and what each is doing", "time"),
    ("compare", "What differs between two steps or threads", "time"),
    ("take", "One step from another thread, here", "time"),
    ("merge", "All of another thread, here", "time"),
    ("keep", "The state of a step, for after a restart", "time"),
    ("repl", "A prompt beside an entry, in a copy of its live state", "time"),
    ("land", "Squash this thread's steps onto the branch it left", "time"),
    ("how", "How the work is doing, while it runs", "agents"),
    ("news", "What is broken, and the nearest edit", "agents"),
    ("teleport", "Talk with the agent of a past step", "agents"),
    ("mcp", "The journal for other programs, over MCP", "agents"),
    ("learn", "What models were asked, and what it cost", "agents"),
    ("verify", "Run again elsewhere and compare, or check every output", "trust"),
    ("trust", "Let run what came from somebody else", "trust"),
    ("key", "This machine's signing key", "trust"),
    ("stop", "Stop the cell that is running", "running"),
    ("answer", "Reply to input(), or to a proposal", "running"),
    ("import", "A chat or a log of one, as an entry", "site"),
    ("serve", "Look at the site on this machine", "site"),
    ("aot", "Typed NumPy functions to native code", "native"),
    ("doctor", "What nozzle found on this machine, and what it lacks", "help"),
    ("tour", "A small journal that shows it all, in a minute", "help"),
)
TITLES = {
    "first": "Words",
    "time": "Time",
    "agents": "Agents",
    "running": "While a cell runs",
    "trust": "Trust",
    "site": "Site",
    "native": "Native code",
    "help": "Help",
}


class _Unheard(Exception):
    """A broken pipe, on its way past click: that would end with 1, as where a cell has failed."""


@contextmanager
def _past_click() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _Unheard from error


class Words(click.Group):
    """Knows all words by name and opens a word's file only when it is said."""

    def make_context(self, *given: Any, **named: Any) -> click.Context:
        with _past_click():
            return super().make_context(*given, **named)

    def invoke(self, ctx: click.Context) -> Any:
        with _past_click():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [word for word, _, _ in WORDS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        module = f"nozzle.words.{name}_" if keyword.iskeyword(name) else f"nozzle.words.{name}"
        command = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, title in TITLES.items():
            with formatter.section(title):
                formatter.write_dl([(word, line) for word, line, where in WORDS if where == group])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"There is no word '{args[0]}'.{hint}", ctx) from error


@click.group(
    cls=Words,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 a cell or a check failed, 2 the command was wrong, 3 something is missing or "
    "cannot be written, 141 nobody listened to the end.",
)
@click.version_option(package_name="nozzle")
def cli() -> None:
    """Think aloud in Markdown; nozzle runs the cells, writes what happened under them, and keeps every step.

    \b
    nozzle new "Kernel fusion"     an entry, in journal/
    nozzle watch                   leave it running; write in any editor; save
    """


def main() -> int:
    """Say a word; what goes wrong is one line on stderr and an exit status."""
    try:
        status = cli.main(standalone_mode=False)
    except NozzleError as error:
        return fail(str(error), error.status)
    except click.exceptions.Abort:
        return fail("stopped", 130)
    except click.ClickException as error:
        error.show()
        return 2
    except FileNotFoundError:
        if os.stat(os.curdir).st_nlink:
            raise
        return fail("the folder that this shell is in is no longer there; go to another", 2)
    except _Unheard as error:
        raise BrokenPipeError(errno.EPIPE, "nobody listens any more") from error
    return status if isinstance(status, int) else 0


def fail(text: str, status: int) -> int:
    """Say what went wrong, where that can be said; the status."""
    from contextlib import suppress

    from nozzle.words.visible import echo

    with suppress(OSError):
        echo(f"nozzle: {text}", err=True, lines=True)
    return status
