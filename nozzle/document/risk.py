"""How much a proposed cell could do, read off its code. Not what a model says of it, and not a guess: an allow-list.

`read`: looks at values and files of the journal and changes nothing. `reversible`: also makes names in the kernel and
writes files inside the worktree by `write` and `edit`, both of which git takes back. Everything else is `ask`: a call
of anything that is not on the list, an import that is not, a shell that does more than look. A name that a cell of the
entry has given another meaning is on no list, nor is what an import brought from a module that is not listed, nor a
method that acts on some things (`copy`, `get`, `replace`) of a value not known to be plain. Values that the author's
own code made may run code of his when they are looked at (a property, a generator, a repr); that code he has seen.

Where the system keeps an agent's cell inside the worktree and off the network, and git holds all that lies there, what
is on no list is reversible too: `weigh` knows the ground, `judge` only the code.
"""

import ast
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import stdlib_module_names

from nozzle.document.meanings import (
    BUILTINS,
    LOOKS,
    METHODS,
    MODULES,
    OF_PLAIN,
    WRITES,
    Meanings,
    bindings,
    bound,
    is_served,
    listed,
)  # fmt: skip
from nozzle.document.options import Reach, reach_of
from nozzle.document.proposal import Risk

CHANGES = listed("append extend insert pop remove sort reverse add discard setdefault fill")
"""Methods that change the plain value they are called on, and nothing else."""
ALONE = listed("abs cos exp log log2 sin sqrt tan tanh")
"""Functions of numpy that write into an array that they are given second; most others, into the third."""
CALLING = listed("key file out default initial func like")
"""Names of arguments by which something else is called or written."""
SHELL = frozenset({"ls", "pwd", "cat", "head", "tail", "wc", "date", "echo"})
ACTED_UPON = (".md", ".toml", ".keys", ".yml", ".yaml", ".cfg", ".ini", ".sh")
"""Endings of files that say what runs."""
LEAVES = re.compile(
    r"\bmcp(?:\.\w+)*|\b(?:requests|urllib\w*|httpx|aiohttp|socket|ftplib|smtplib|paramiko|boto3|webbrowser|curl|wget|ssh|scp|rsync|sudo|"
    r"rm|rmdir|rmtree|unlink|remove|[fl]?chmod|[fl]?chown|chgrp|setfacl|setxattr|utime|kill|crontab|pip3?|uv|conda|npm|apt(?:-get)?|brew|docker|git)\b"
)
"""Words of a cell that wants more than this journal, or less of it: that bounds would refuse, or git be asked for."""
_served = re.compile(r"\bmcp\b")
HOST = re.compile(r"\bhttps?://([\w.-]+(?::\d+)?)")
NAMED = 3
"""Files and hosts that a label names; the others are counted."""
_shown = re.compile(r"-u|\+[\w%:. -]*")
"""What `date` may be asked."""
_path = re.compile(r"(?!/)(?!.*(?:^|/)\.)[\w./+-]*")


def judge(
    source: str, language: str, changed: Iterable[str] = (), looks: Iterable[str] = (), cells: Iterable[str] = ()
) -> Risk:
    """What a cell could do; `changed` are the names that cells have given a meaning of their own, `looks` the tools of
    MCP servers (`mcp.calendar.events`) that the author says change nothing, `cells` the entry's other Python code.

    >>> judge("print(sum(x))", "python"), judge("y = x + 1", "python"), judge("import os", "python")
    ('read', 'reversible', 'ask')
    >>> judge("p.replace('b')", "python"), judge("p.replace('b', 'c')", "python", cells=["p = 'abc'"])
    ('ask', 'read')
    """
    return _judged(source, language, frozenset(changed), frozenset(looks), cells)[0]


def _judged(
    source: str, language: str, changed: frozenset[str], looks: frozenset[str], cells: Iterable[str]
) -> tuple[Risk, list[str]]:
    """The same, and the files that it writes by `write` and `edit`."""
    if reach_of(source):
        return "ask", []
    if language == "bash":
        return _shell(source, changed), []
    if language != "python":
        return "ask", []
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "ask", []
    reader = _Reader(changed, looks, Meanings.of([*map(bindings, cells), bound(tree)], changed))
    reader.visit(tree)
    return reader.risk, reader.written


def names_tools(source: str) -> bool:
    """Whether a cell's own words name tools of MCP servers."""
    return bool(_served.search(source))


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a cell of an agent would run, on this system and now."""

    bounds: str = "not confined: this system has neither Landlock nor seccomp"
    """What the system keeps it to, in plain words."""
    holds: bool = False
    """It can write only inside the worktree, and reach no network."""
    loose: tuple[str, ...] = ()
    """What it could write there and git could not give back."""
    looks: tuple[str, ...] = ()
    """Tools of MCP servers that change nothing."""
    loses: Callable[[str], bool] = lambda path: False
    """Whether a file lies at a path, as a cell there names it, that git could not give back."""


def weigh(
    source: str, language: str, changed: Iterable[str], ground: Ground, cells: Iterable[str] = ()
) -> tuple[Risk, str]:
    """What a cell could do where it would run, and what it would touch, in words.

    >>> weigh("import os", "python", (), Ground("confined", holds=True))
    ('reversible', 'files in this journal, all of which git takes back (confined)')
    >>> weigh("import os", "python", (), Ground("confined", True, ("data.csv",)))[1]
    'anything in this journal, and git could not give back data.csv: it waits for you (confined)'
    """
    if reach := reach_of(source):
        return "ask", f"{_REACHES[reach]}{_hosts(source)}. It runs in a kernel of its own, and waits for you"
    risk, written = _judged(source, language, frozenset(changed), frozenset(ground.looks), cells)
    lost = [path for path in dict.fromkeys(written) if ground.loses(path)]
    leaves = LEAVES.search(source)
    if lost and risk == "reversible":
        risk, words = "ask", f"it writes over {_some(lost)}, which git could not give back: it waits for you"
    elif risk != "ask":
        words = _TOUCHES[risk]
    elif not ground.holds:
        words = "anything: code cannot tell, so it waits for you"
    elif leaves and leaves[0].startswith("mcp"):
        words = f"what `{leaves[0]}` does, which acts outside this journal: it waits for you"
    elif leaves:
        words = f"it says `{leaves[0]}`, so it waits for you; `#| reach: all` on top would let it out of its bounds"
    elif ground.loose:
        words = f"anything in this journal, and git could not give back {_some(ground.loose)}: it waits for you"
    else:
        risk, words = "reversible", "files in this journal, all of which git takes back"
    return risk, f"{words} ({ground.bounds})"


_TOUCHES: dict[Risk, str] = {
    "read": "nothing: it only looks",
    "reversible": "names in the kernel and files in this worktree, which git takes back",
}


_REACHES: Mapping[Reach, str] = {
    "network": "the network, this once, and files in this journal",
    "all": "anything that you can reach yourself, this once: the network, files outside this journal, programs",
}


def _hosts(source: str) -> str:
    """Which hosts a cell names."""
    found = list(dict.fromkeys(HOST.findall(source)))
    return f"; it names {_some(found)}" if found else ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


class _Reader(ast.NodeVisitor):
    """Visits what it knows; what it does not know is `ask`."""

    def __init__(self, changed: frozenset[str], looks: frozenset[str], meanings: Meanings) -> None:
        self.risk: Risk = "read"
        self.written: list[str] = []
        self._changed = changed
        self._looks = looks if "mcp" not in changed else frozenset()
        self._meanings = meanings
        self._modules = {name: module for name, module in meanings.modules.items() if module in MODULES}

    def visit(self, node: ast.AST) -> None:
        if not isinstance(node, _KNOWN) or isinstance(node, _AWAITS):
            self.risk = "ask"
            return
        super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id in BUILTINS - LOOKS or self._meanings.is_foreign(node.id):
                self.risk = "ask"
        else:
            self._bind(node.id)
            self._writes()

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Its names are its own."""
        if node.is_async:
            self.risk = "ask"
        for each in ast.walk(node.target):
            if isinstance(each, ast.Name):
                self._bind(each.id)
            elif not isinstance(each, ast.Tuple | ast.expr_context):
                self.risk = "ask"
        for part in (node.iter, *node.ifs):
            self.visit(part)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg is None or node.arg in CALLING:
            self.risk = "ask"
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr.startswith("_") or not isinstance(node.ctx, ast.Load):
            self.risk = "ask"
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._changes(node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """In place, where the value can: of an array that is a file, the file."""
        self._changes(node.target)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute() as tool if is_served(tool):
                if ast.unparse(tool) not in self._looks:
                    self.risk = "ask"
            case ast.Name(id="read") if not _plain(node.args[:1]):
                self.risk = "ask"
            case ast.Name(id=name) if name in LOOKS and name not in self._changed:
                pass
            case ast.Name(id=name) if name in WRITES and name not in self._changed and _harmless(node.args[:1]):
                self.written.append(_plain(node.args[:1]))
                self._writes()
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in self._modules:
                if name not in MODULES[self._modules[module]] or not _makes(self._modules[module], name, node.args):
                    self.risk = "ask"
            case ast.Attribute(value=of, attr=name) if name in METHODS | OF_PLAIN:
                if self._meanings.acts(of, name, len(node.args) + _starred(node.args)):
                    self.risk = "ask"
            case ast.Attribute(value=of, attr=name) if name in CHANGES:
                self._changes(of)
            case _:
                self.risk = "ask"
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name not in MODULES:
                self.risk = "ask"
        self._writes()

    def _bind(self, name: str) -> None:
        """A trusted name must not get another meaning."""
        if name in LOOKS | WRITES | BUILTINS | {"mcp"} or name in self._modules:
            self.risk = "ask"

    def _changes(self, value: ast.expr) -> None:
        """What is plain is changed in the kernel; anything else may be a file, or a table of a database."""
        if isinstance(value, ast.Subscript):
            self.risk = "ask"
        elif self._meanings.is_plain(value):
            self._writes()
        else:
            self.risk = "ask"

    def _writes(self) -> None:
        if self.risk == "read":
            self.risk = "reversible"


_KNOWN = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.Pass, ast.Break, ast.Continue,
    ast.Assert, ast.expr, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.keyword, ast.arg,
    ast.arguments, ast.comprehension, ast.Import, ast.alias,
)  # fmt: skip


_AWAITS = (ast.Await, ast.Yield, ast.YieldFrom)
"""What runs code that was made to run later."""


def _starred(args: Sequence[ast.expr]) -> int:
    """How many more values there may be than are written."""
    return 2 * sum(isinstance(each, ast.Starred) for each in args)


def _makes(module: str, name: str, args: Sequence[ast.expr]) -> bool:
    """Whether a listed function makes a value of its own: numpy's also write into an array that they are given."""
    if module != "numpy" or name in ("where", "linspace", "arange", "histogram", "full", "isclose", "allclose"):
        return True
    return len(args) + _starred(args) <= (1 if name in ALONE else 2)


def _plain(path: list[ast.expr]) -> str:
    """A file named in the code, inside and not hidden; empty when it is none."""
    match path:
        case [ast.Constant(value=str(name))] if _path.fullmatch(name):
            return name
    return ""


def _harmless(path: list[ast.expr]) -> bool:
    """The same, and none that nozzle or a machine acts upon."""
    name = _plain(path)
    return bool(name) and not name.endswith(ACTED_UPON) and not _stands_in(name)


def _stands_in(path: str) -> bool:
    """Whether Python could take a file for a module of its own, or a listed one, whose import is let by.

    >>> _stands_in("statistics.py"), _stands_in("numpy/__init__.py"), _stands_in("../src/model.py")
    (True, True, False)
    """
    *folders, file = path.split("/")
    name, _, ending = file.partition(".")
    name = folders[-1] if name == "__init__" and folders else name
    return bool(ending) and ending.endswith(("py", "pyc", "so")) and (name in MODULES or name in stdlib_module_names)


def _shell(source: str, changed: frozenset[str]) -> Risk:
    """One plain command that looks at files inside, by relative paths that name no hidden file."""
    rows = [row.strip() for row in source.split("\n") if row.strip() and not row.strip().startswith("#")]
    return "read" if rows and all(_looks(row, changed) for row in rows) else "ask"


def _looks(row: str, changed: frozenset[str]) -> bool:
    if re.search(r"[;&|<>$`\\(){}*?\[\]~!\x00-\x1f]", row):
        return False
    try:
        words = shlex.split(row)
    except ValueError:
        return False
    allowed = _shown if words[:1] == ["date"] else _path  # which sets the clock too
    return bool(words) and words[0] in SHELL - changed and all(allowed.fullmatch(word) for word in words[1:])
