"""How much a proposed cell could do, read off its code. Not what a model says of it, and not a guess: an allow-list.

`read`: looks at values and files of the journal and changes nothing. `reversible`: also makes names in the kernel and
writes files inside the worktree by `write` and `edit`, both of which git takes back. Everything else is `ask`: a call
of anything that is not on the list, an import that is not, a shell that does more than look. A name that a cell of the
entry has given another meaning is on no list. Values that the author's own code made may run code of his when they are
looked at (a property, a generator, a repr); that code he has seen.

Where the system keeps an agent's cell inside the worktree and off the network, and git holds all that lies there, what
is on no list is reversible too: `weigh` knows the ground, `judge` only the code.
"""

import ast
import builtins
import math
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nozzle.document.options import Reach, reach_of
from nozzle.document.proposal import Risk

LOOKS = frozenset(
    {
        "abs", "all", "any", "bin", "bool", "chr", "complex", "dict", "divmod", "enumerate", "float", "format",
        "frozenset", "hex", "int", "isinstance", "len", "list", "max", "min", "oct", "ord", "pow", "print", "range",
        "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip",
        "read", "recall", "final_answer",
    }
)  # fmt: skip
"""Functions that change nothing: builtins, and tools of nozzle's own."""
WRITES = frozenset({"write", "edit"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


METHODS = _words("""
    all any argmax argmin astype capitalize copy count cumsum dot endswith find flatten format get index isdigit items
    join keys lower max mean min most_common ravel replace reshape round rstrip split splitlines startswith std strip
    sum title tolist transpose upper values var zfill
""")
"""Methods that change nothing on the types that have them."""
CHANGES = _words("append extend insert pop remove sort reverse add discard setdefault fill")
"""Methods that change the value they are called on, and nothing else."""
CALLING = _words("key file out default initial func like")
"""Names of arguments by which something else is called or written."""
MODULES: dict[str, frozenset[str]] = {
    "math": frozenset(name for name in dir(math) if not name.startswith("_")),
    "statistics": _words("mean median stdev pstdev variance pvariance mode quantiles fmean"),
    "itertools": _words("chain count islice product permutations combinations zip_longest repeat pairwise"),
    "collections": _words("Counter deque OrderedDict"),
    "fractions": _words("Fraction"),
    "numpy": _words("""
        abs all allclose any arange argmax argmin argsort array asarray concatenate cos cumsum diff dot exp eye full
        histogram identity isclose linspace log log2 matmul max maximum mean median min minimum ones outer percentile
        prod quantile round shape sin sort sqrt stack std sum tan tanh trace transpose unique var where zeros vstack
        hstack float32 float64 int32 int64
    """),
}
"""Modules that may be imported, and what of them may be called."""
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
_BUILTINS = frozenset(dir(builtins))
_shown = re.compile(r"-u|\+[\w%:. -]*")
"""What `date` may be asked."""
_path = re.compile(r"(?!/)(?!.*(?:^|/)\.)[\w./+-]*")


def judge(source: str, language: str, changed: Iterable[str] = (), looks: Iterable[str] = ()) -> Risk:
    """What a cell could do; `changed` are the names that cells have given a meaning of their own, `looks` the tools of
    MCP servers (`mcp.calendar.events`) that the author says change nothing.

    >>> judge("print(sum(x))", "python"), judge("y = x + 1", "python"), judge("import os", "python")
    ('read', 'reversible', 'ask')
    """
    if reach_of(source):
        return "ask"
    if language == "bash":
        return _shell(source, frozenset(changed))
    if language != "python":
        return "ask"
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "ask"
    reader = _Reader(frozenset(changed), frozenset(looks))
    reader.visit(tree)
    return reader.risk


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


def weigh(source: str, language: str, changed: Iterable[str], ground: Ground) -> tuple[Risk, str]:
    """What a cell could do where it would run, and what it would touch, in words.

    >>> weigh("import os", "python", (), Ground("confined", holds=True))
    ('reversible', 'files in this journal, all of which git takes back (confined)')
    >>> weigh("import os", "python", (), Ground("confined", True, ("data.csv",)))[1]
    'anything in this journal, and git could not give back data.csv: it waits for you (confined)'
    """
    if reach := reach_of(source):
        return "ask", f"{_REACHES[reach]}{_hosts(source)}. It runs in a kernel of its own, and waits for you"
    risk = judge(source, language, changed, ground.looks)
    leaves = LEAVES.search(source)
    if risk != "ask":
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

    def __init__(self, changed: frozenset[str], looks: frozenset[str]) -> None:
        self.risk: Risk = "read"
        self._changed = changed
        self._looks = looks if "mcp" not in changed else frozenset()
        self._modules: dict[str, frozenset[str]] = {}

    def visit(self, node: ast.AST) -> None:
        if not isinstance(node, _KNOWN):
            self.risk = "ask"
            return
        super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id in _BUILTINS - LOOKS:
                self.risk = "ask"
        else:
            self._bind(node.id)
            self._writes()

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Its names are its own."""
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
            self._writes()
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute() as tool if _is_served(tool):
                if ast.unparse(tool) not in self._looks:
                    self.risk = "ask"
            case ast.Name(id="read") if not _plain(node.args[:1]):
                self.risk = "ask"
            case ast.Name(id=name) if name in LOOKS and name not in self._changed:
                pass
            case ast.Name(id=name) if name in WRITES and name not in self._changed and _harmless(node.args[:1]):
                self._writes()
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in self._modules:
                if name not in self._modules[module]:
                    self.risk = "ask"
            case ast.Attribute(attr=name) if name in METHODS:
                pass
            case ast.Attribute(attr=name) if name in CHANGES:
                self._writes()
            case _:
                self.risk = "ask"
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name not in MODULES:
                self.risk = "ask"
                continue
            self._modules[alias.asname or alias.name] = MODULES[alias.name]
        self._writes()

    def _bind(self, name: str) -> None:
        """A trusted name must not get another meaning."""
        if name in LOOKS | WRITES | _BUILTINS | {"mcp"} or name in self._modules:
            self.risk = "ask"

    def _writes(self) -> None:
        if self.risk == "read":
            self.risk = "reversible"


_KNOWN = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.Pass, ast.Break, ast.Continue,
    ast.Assert, ast.expr, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.keyword, ast.arg,
    ast.arguments, ast.comprehension, ast.Import, ast.alias,
)  # fmt: skip


def _is_served(tool: ast.expr) -> bool:
    """Whether a call is of a tool of an MCP server, by its whole name."""
    while isinstance(tool, ast.Attribute):
        tool = tool.value
    return isinstance(tool, ast.Name) and tool.id == "mcp"


def _plain(path: list[ast.expr]) -> str:
    """A file named in the code, inside and not hidden; empty when it is none."""
    match path:
        case [ast.Constant(value=str(name))] if _path.fullmatch(name):
            return name
    return ""


def _harmless(path: list[ast.expr]) -> bool:
    """The same, and none that nozzle or a machine acts upon."""
    name = _plain(path)
    return bool(name) and not name.endswith(ACTED_UPON)


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
