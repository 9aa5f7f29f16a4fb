"""A prompt is a signature: typed fields in, typed fields out, and an instruction that stands in a Markdown file.

The file in this room is the default; one of the same name in the journal's own `prompts/` is used instead, and is
committed with it. The version is the digest of the words, so a trace says which words were sent.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from nozzle import schema
from nozzle.errors import Unreadable

I_ = TypeVar("I_")
"""A dataclass of strings."""
O_ = TypeVar("O_")

SHIPPED = Path(__file__).parent / "prompts"

_comment = re.compile(r"<!--.*?-->\s*", re.S)
_field = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Prompts:
    """Where instructions are found: the journal's own folder first."""

    own: Path | None = None
    kept: Callable[[str], str] = lambda name: ""
    """Words under a name that are kept elsewhere: used where the journal has none of its own."""
    redact: Callable[[str], str] = lambda text: text
    """No secret is sent, also none that the author wrote into an instruction."""

    def text(self, name: str) -> str:
        """An instruction without its comments."""
        if words := _read(self.own, name) or self.kept(name) or _read(SHIPPED, name):
            return self.redact(_comment.sub("", words).strip())
        raise FileNotFoundError(name)

    def version(self, name: str) -> str:
        return hashlib.sha256(self.text(name).encode()).hexdigest()[:8]


def _read(folder: Path | None, name: str) -> str:
    path = folder / f"{name}.md" if folder is not None else None
    if path is None or not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Unreadable(f"{path}:{line}: this instruction is not UTF-8; save it in that encoding") from None
    except OSError as error:
        raise Unreadable(f"{path}: this instruction cannot be read: {error.strerror or error}") from None


@dataclass(frozen=True)
class Signature(Generic[I_, O_]):
    """A kind of question: what goes in, what comes out, and how a reply is read."""

    name: str
    takes: type[I_]
    gives: type[O_]
    read: Callable[[str], O_]
    """A reply as a value; ValueError when it is none."""
    prompts: Prompts = field(default_factory=Prompts)

    @cached_property
    def instruction(self) -> str:
        return self.prompts.text(self.name)

    @cached_property
    def version(self) -> str:
        return self.prompts.version(self.name)

    def tail(self, given: I_) -> str:
        """The instruction with the fields in their places, long ones as they are: nothing is escaped. Misfit where a
        field is not of its type."""
        values = vars(schema.read(self.takes, vars(given)))
        return _field.sub(lambda match: str(values.get(match[1], match[0])), self.instruction)
