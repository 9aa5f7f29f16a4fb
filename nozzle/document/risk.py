"""How much a proposed cell could do, read off its code. Not what a model says of it, and not a guess: an allow-list.

`read`: looks at values and files of the journal and changes nothing. `reversible`: also makes names in the kernel and
writes files inside the worktree by `write` and `edit`, both of which git takes back. Everything else is `ask`: a form
of code that is not on the list, a call of anything that is not, an argument by a name that is not, an import that is
not, what else lies in a module, a shell that does more than look. A name that a cell of the entry has given another
meaning is on no list, nor is what an import brought from a module that is not listed, nor a method that acts on some
things (`copy`, `get`, `replace`) of a value not known to be plain. What somebody else could call who is given it is
handed to nobody: a table calls what it is asked for (`frame[f]`). What goes over all that is in a value is a look only
where that is known to last: else it may be used up, as a generator is. Values that the author's own code made may run
code of his when they are looked at (a generator, a repr); that code he has seen. An agent's code nobody has seen who
did not let it run himself: below that, unless it is itself of what is on the lists, no code says what a look would do.

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
    BARE,
    BUILTINS,
    CONSTANTS,
    DATA,
    INSIDE,
    LOOKS,
    METHODS,
    MODULES,
    OF_PLAIN,
    OVER,
    WRITES,
    Meanings,
    bindings,
    bound,
    is_served,
    listed,
)  # fmt: skip
from nozzle.document.options import Reach, comments, reach_of
from nozzle.document.proposal import Risk

CHANGES = listed("append extend insert pop remove sort reverse add discard setdefault fill")
"""Methods that change the plain value they are called on, and nothing else."""
ALONE = listed("abs ceil cos exp floor isfinite isinf isnan log log10 log1p log2 sign sin sqrt tan tanh")
"""Functions of numpy that write into an array that they are given second; most others, into the third."""
NAMED_SO = listed("""
    axis keepdims dtype ndmin sep end flush decimals ndigits n k p q ddof start step stop num endpoint bins range
    weights density method interpolation equal_nan rtol atol shape reverse strict encoding errors base
    return_index return_inverse return_counts skipna numeric_only level fillvalue repeat r maxlen mod lines text old new
    query summary retstep ascending deep dropna ensure_ascii indent normalize sort_keys
""")
"""Names of arguments by which nothing is called, nor written but what the function is there to write."""
ANY_NAME = listed("dict format")
"""Functions that take arguments by any name; so do the tools of servers."""
SHOWS = listed(
    "print len repr str sum sorted list tuple set final_answer type isinstance bool int float any all format"
)
"""Functions whose arguments are looked at, and kept by nobody."""
SHELL = listed("ls pwd cat head tail wc date echo grep sort uniq cut du")
ACTED_UPON = (".md", ".toml", ".keys", ".yml", ".yaml", ".cfg", ".ini", ".sh")
"""Endings of files that say what runs."""
LEAVES = re.compile(
    r"\bmcp(?:\.\w+)*|\b(?:requests|urllib\w*|httpx|aiohttp|socket|ftplib|smtplib|paramiko|boto3|webbrowser|curl|wget|ssh|scp|rsync|sudo|"
    r"rm|rmdir|rmtree|unlink|remove|[fl]?chmod|[fl]?chown|chgrp|setfacl|setxattr|utime|kill|crontab|pip3?|uv|conda|npm|apt(?:-get)?|brew|docker|git)\b"
)
"""Words of a cell that wants more than this journal, or less of it: that bounds would refuse, or git be asked for."""
_BY_NAME = re.compile(
    r"\b(?:sh|subprocess|system|[pP]open|spawn\w*|pexpect|plumbum|exec\w*|eval|getattr|getoutput|check_output|"
    r"create_subprocess\w*|get_ipython|__import__|import_module|compile|ctypes|globals|__dict__|vars)\b"
)
"""By these, code starts programs, or goes by names that stand in its strings."""
_remark = re.compile(r"(?:^|(?<=\s))#.*$", re.M)
_served = re.compile(r"\bmcp\b")
HOST = re.compile(r"\bhttps?://([\w.-]+(?::\d+)?)")
NAMED = 3
"""Files and hosts that a label names; the others are counted."""
_path = re.compile(r"(?!/)(?!.*(?:^|/)\.)[\w./+-]*")
_sought = re.compile(r"[\w ./=,:@%+-]+")
_ALLOWED = {
    "date": re.compile(r"-u|\+[\w%:. -]*"),  # which sets the clock too
    "tail": re.compile(
        rf"(?!-(?!(?:[nc]?\d*|[qvz]|-(?:lines|bytes))$)){_path.pattern}"
    ),  # which follows a file for ever
    "grep": re.compile(rf"-[nicvwxlLohHEFs]+|-[ABCm]\d*|(?!-){_path.pattern}"),  # in no folder, where hidden files lie
    "sort": re.compile(rf"-[bdfghinrRuVM]+|-k[\d.,bdfghinrRV]*|-t[,:;\t]?|(?!-){_path.pattern}"),  # no `-o`
    "cut": re.compile(rf"-[dfcbs][\d,:;-]*|(?!-){_path.pattern}"),
    "uniq": re.compile(r"-[cdui]+"),  # whose second file is written
    "du": re.compile(rf"-[shackm]+|(?!-){_path.pattern}"),
}
"""What these commands may be told, where not any path."""


def judge(source: str, language: str, looks: Iterable[str] = (), cells: Iterable[str] = (), deep: int = 0) -> Risk:
    """What a cell could do; `looks` are the tools of MCP servers (`mcp.calendar.events`) that the author says change
    nothing, `cells` the entry's other code in that language; its folder lies so `deep` below the journal's.

    >>> judge("print(sum(x))", "python"), judge("y = x + 1", "python"), judge("import os", "python")
    ('read', 'reversible', 'ask')
    >>> judge("p.replace('b')", "python"), judge("p.replace('b', 'c')", "python", cells=["p = 'abc'"])
    ('ask', 'read')
    """
    return _judged(source, language, frozenset(looks), cells, deep)[0]


def _judged(
    source: str, language: str, looks: frozenset[str], cells: Iterable[str], deep: int
) -> tuple[Risk, list[str]]:
    """The same, and the files that it writes by `write` and `edit`."""
    if reach_of(source):
        return "ask", []
    if language == "bash":
        return _shell(source, cells, deep), []
    if language != "python":
        return "ask", []
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "ask", []
    reader = _Reader(looks, Meanings.of([*map(bindings, cells), bound(tree)]), deep)
    reader.visit(tree)
    return reader.risk, reader.written


def _without_talk(source: str, language: str) -> str:
    """Code without its comments; and without its strings, where it neither starts programs nor goes by names in them.

    >>> _without_talk("x = 'git'  # rm", "python"), _without_talk("sh('git log')", "python")
    ("x = ''", "sh('git log')")
    """
    rows = source.split("\n")
    code = "\n".join(rows[comments(rows)[1] :])
    if language != "python":
        return _remark.sub("", code) if language == "bash" else code
    try:
        silent = ast.unparse(_Silent().visit(ast.parse(code)))
        return ast.unparse(ast.parse(code)) if _BY_NAME.search(silent) else silent
    except (SyntaxError, ValueError):
        return code


class _Silent(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def _is_told(source: str, looks: frozenset[str], cells: Sequence[str], deep: int = 0) -> bool:
    r"""Whether all that code does when it runs is on the lists, what it defines as functions too: then it leaves
    nothing behind that acts when something is looked at.

    >>> _is_told("def f(a):\n    return a.mean()", frozenset(), ()), _is_told("print = f", frozenset(), ())
    (True, False)
    """
    if reach_of(source):  # in a kernel of its own, of which nothing is left
        return True
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    reader = _Teller(looks, Meanings.of([*map(bindings, cells), bound(tree)]), deep)
    reader.visit(tree)
    return reader.risk != "ask"


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
    deep: int = 0
    """How many folders below the journal's own it runs in."""


def weigh(
    source: str, language: str, ground: Ground, cells: Iterable[str] = (), unseen: Iterable[str] = ()
) -> tuple[Risk, str]:
    r"""What a cell could do where it would run, and what it would touch, in words; `unseen` is what of the entry's code
    an agent wrote, and no author let run himself.

    >>> weigh("import os", "python", Ground("confined", holds=True))
    ('reversible', 'files in this journal, all of which git takes back (confined)')
    >>> weigh("#| tags: [remove-input]\nimport os", "python", Ground("confined", holds=True))[0]
    'reversible'
    >>> weigh("import os", "python", Ground("confined", True, ("data.csv",)))[1]
    'anything in this journal, and git could not give back data.csv: it waits for you (confined)'
    """
    if reach := reach_of(source):
        return "ask", f"{_REACHES[reach]}{_hosts(source)}. It runs in a kernel of its own, and waits for you"
    cells, looks = list(cells), frozenset(ground.looks)
    risk, written = _judged(source, language, looks, cells, ground.deep)
    told = (_is_told(each, looks, cells, ground.deep) for each in unseen)
    below = risk != "ask" and language == "python" and not all(told)
    risk = "ask" if below else risk
    lost = [path for path in dict.fromkeys(written) if ground.loses(path)]
    leaves = LEAVES.search(_without_talk(source, language))
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
    if below:
        words = f"as it stands on an agent's code that ran by itself, {words}"
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


_KNOWN = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.Pass, ast.Break, ast.Continue,
    ast.Assert, ast.Import, ast.alias, ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred,
    ast.Call, ast.keyword, ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.JoinedStr,
    ast.FormattedValue, ast.Dict, ast.Set, ast.List, ast.Tuple, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp, ast.comprehension, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip
"""Forms of code that make nothing which is called later: no function, no class, no `with`, no `match`."""


class _Reader(ast.NodeVisitor):
    """Visits what it knows; what it does not know is `ask`."""

    known: tuple[type[ast.AST], ...] = _KNOWN

    def __init__(self, looks: frozenset[str], meanings: Meanings, deep: int) -> None:
        self.risk: Risk = "ask" if meanings.unsaid else "read"
        self.written: list[str] = []
        self._own = meanings.own
        self._deep = deep
        self._looks = looks if "mcp" not in meanings.own else frozenset()
        self._meanings = meanings
        self._modules = {name: module for name, module in meanings.modules.items() if module in MODULES}
        self._shown: set[ast.expr] = set()
        """What stands where it is looked at, and kept by nobody."""

    def visit(self, node: ast.AST) -> None:
        if not isinstance(node, self.known):
            self.risk = "ask"
            return
        self._shown |= _looked_at(node)
        super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            known = self._meanings
            listed_so = node.id not in BUILTINS - LOOKS and node.id not in self._modules
            if not listed_so or known.is_foreign(node.id) or known.is_code(node.id):
                self.risk = "ask"
            if node.id in known.spent:
                self._writes()
        else:
            self._bind(node.id)
            self._writes()

    def visit_Expr(self, node: ast.Expr) -> None:
        """A row that begins with a word which nothing stands for may be a magic: `reset -f`, `rerun`."""
        first = node.value
        while isinstance(first, ast.BinOp):
            first = first.left
        if isinstance(first, ast.Name) and first.id not in self._own | BUILTINS:
            self.risk = "ask"
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Its names are its own."""
        if node.is_async:
            self.risk = "ask"
        for each in ast.walk(node.target):
            if isinstance(each, ast.Name):
                self._bind(each.id)
            elif not isinstance(each, ast.Tuple | ast.expr_context):
                self.risk = "ask"
        self._goes_over(node.iter)
        for part in (node.iter, *node.ifs):
            self.visit(part)

    def visit_For(self, node: ast.For) -> None:
        self._goes_over(node.iter)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        self._goes_over(node.value)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for how, part in zip(node.ops, node.comparators, strict=True):
            if isinstance(how, ast.In | ast.NotIn):
                self._goes_over(part)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr.startswith("_") or not isinstance(node.ctx, ast.Load):
            self.risk = "ask"
        if module := self._meanings.module(node.value):
            if node.attr not in MODULES[module] | CONSTANTS.get(module, frozenset()):
                self.risk = "ask"
            return
        if not (node in self._shown or node.attr in DATA or self._meanings.is_plain(node.value)):
            self.risk = "ask"  # a method, perhaps, that somebody would call
        if self._meanings.computes(node.value, node.attr):
            self.risk = "ask"
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._changes(node.value)
        if isinstance(node.value, ast.Name) and self._meanings.fills(node.value.id):
            self._writes()
        self._hands_over(node.slice)
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
            case ast.Name(id="read") if not _plain(node.args[:1], self._deep):
                self.risk = "ask"
            case ast.Name(id="type") if len(node.args) + _starred(node.args) != 1:  # which makes a class
                self.risk = "ask"
            case ast.Name(id=name) if name in LOOKS and name not in self._own:
                pass
            case ast.Name(id=name) if name in WRITES and name not in self._own and _harmless(node.args[:1], self._deep):
                self.written.append(_plain(node.args[:1], self._deep))
                self._writes()
            case ast.Attribute(value=of, attr=name) if module := self._meanings.module(of):
                if name not in MODULES[module] or not _makes(module, name, node.args):
                    self.risk = "ask"
            case ast.Attribute(value=of, attr=name) if name in METHODS | OF_PLAIN | BARE:
                for each in node.args:
                    self._hands_over(each)
                if self._meanings.acts(of, name, len(node.args) + _starred(node.args)):
                    self.risk = "ask"
            case ast.Attribute(value=of, attr=name) if name in CHANGES:
                for each in node.args:
                    self._hands_over(each)
                self._changes(of)
            case _:
                self.risk = "ask"
        if not _names_known(node):
            self.risk = "ask"
        if self._is_over(node.func):
            for each in node.args:
                self._goes_over(each)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name not in MODULES:
                self.risk = "ask"
        self._writes()

    def _bind(self, name: str) -> None:
        """A trusted name must not get another meaning."""
        if name in LOOKS | WRITES | BUILTINS | {"mcp"} or name in self._modules or name.startswith("__"):
            self.risk = "ask"

    def _hands_over(self, value: ast.expr) -> None:
        """A value is asked for something, or given it: some call what they are given."""
        match value:
            case ast.Name(id=name) if self._meanings.may_be_called(name):
                self.risk = "ask"
            case ast.Name(id=name) if name in self._meanings.holding:
                self.risk = "ask"
            case ast.Subscript(value=of) if self._meanings.holds_code(of):
                self.risk = "ask"
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in INSIDE:
                if not self._meanings.is_plain(value):
                    self.risk = "ask"
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.BoolOp(values=parts) | ast.Dict(values=parts):
                for each in parts:
                    self._hands_over(each)
            case ast.IfExp(body=body, orelse=orelse):
                self._hands_over(body)
                self._hands_over(orelse)
            case ast.NamedExpr(value=part) | ast.Starred(value=part):
                self._hands_over(part)

    def _is_over(self, function: ast.expr) -> bool:
        """Whether it goes over all that is in what it is given: numpy's take what gives things once as one thing."""
        match function:
            case ast.Name(id=name):
                return name in OVER
            case ast.Attribute(value=of, attr=name):
                return name in OVER or self._meanings.module(of) in ("math", "statistics", "itertools", "collections")
        return False

    def _goes_over(self, value: ast.expr) -> None:
        if self._meanings.uses_up(value):
            self._writes()

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


class _Teller(_Reader):
    """Reads code that runs, or ran, for what it leaves behind: functions that do no more than what is on the lists, and
    calls of functions of the entry, which are read where they stand or are the author's."""

    known = (*_KNOWN, ast.FunctionDef, ast.arguments, ast.arg, ast.Return)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self.risk = "ask"
        self._bind(node.name)
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        self._bind(node.arg)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and self._meanings.is_function(node.func.id):
            for part in (*node.args, *node.keywords):
                self.visit(part)
        else:
            super().visit_Call(node)


def _looked_at(node: ast.AST) -> set[ast.expr]:
    """What of a form of code is looked at there, and neither kept nor handed on."""
    match node:
        case ast.Expr(value=part) | ast.FormattedValue(value=part) | ast.Attribute(value=part):
            return {part}
        case ast.UnaryOp(operand=part) | ast.Subscript(value=part) | ast.Assert(test=part) | ast.If(test=part):
            return {part}
        case ast.For(iter=part) | ast.comprehension(iter=part):
            return {part}
        case ast.BinOp(left=left, right=right):
            return {left, right}
        case ast.Compare(left=left, comparators=others):
            return {left, *others}
        case ast.Call(func=ast.Name(id=name) as tool, args=args) if name in SHOWS:
            return {tool, *args}
        case ast.Call(func=tool):
            return {tool}
    return set()


def _names_known(node: ast.Call) -> bool:
    """Whether it is said of each argument that is given by name what it does."""
    if any(each.arg is None for each in node.keywords):
        return False
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in ANY_NAME:
            return True
        case ast.Attribute() as tool if is_served(tool):
            return True
    return all(each.arg in NAMED_SO for each in node.keywords)


def _starred(args: Sequence[ast.expr]) -> int:
    """How many more values there may be than are written."""
    return 2 * sum(isinstance(each, ast.Starred) for each in args)


def _makes(module: str, name: str, args: Sequence[ast.expr]) -> bool:
    """Whether a listed function makes a value of its own: numpy's also write into an array that they are given."""
    if module != "numpy" or name in ("where", "linspace", "arange", "histogram", "full", "isclose", "allclose"):
        return True
    return len(args) + _starred(args) <= (1 if name in ALONE else 2)


def _risen(path: str, deep: int) -> str:
    """A path without the `..` at its head, as far as those lead to folders of the journal.

    >>> _risen("../data/a.csv", 1), _risen("../../a.csv", 1), _risen("../.env", 1), _risen("a/../b", 1)
    ('data/a.csv', '../a.csv', '.env', 'a/../b')
    """
    while deep and path.split("/", 1)[0] == "..":
        path, deep = path[3:], deep - 1
    return path


def _plain(path: list[ast.expr], deep: int) -> str:
    """A file named in the code, inside and not hidden; empty when it is none."""
    match path:
        case [ast.Constant(value=str(name))] if _path.fullmatch(_risen(name, deep)):
            return name
    return ""


def _harmless(path: list[ast.expr], deep: int) -> bool:
    """The same, and none that nozzle or a machine acts upon."""
    name = _plain(path, deep)
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


def _shell(source: str, cells: Iterable[str], deep: int = 0) -> Risk:
    """Plain commands that look at files inside, by relative paths that name no hidden file; and no cell of the entry
    may have given their names another meaning, or gone elsewhere.

    >>> _shell("ls -l", ()), _shell("ls -l", ["ls() { rm x; }"])
    ('read', 'ask')
    """
    rows = [row for line in source.split("\n") if (row := line.strip(" \t"))]
    code = [row for row in rows if not row.startswith("#")]
    told = all(row.replace("\t", " ").isprintable() for row in rows)  # bash goes by other white space than Python
    return (
        "read"
        if code and told and all(_looks(row, deep) for row in code) and all(_shows(each, deep) for each in cells)
        else "ask"
    )


def _shows(cell: str, deep: int) -> bool:
    """Whether a cell gives no word of a shell another meaning, for its rows only look: a shell has too many ways."""
    rows = [row.strip(" \t") for row in cell.split("\n")]
    return all(not row or row.startswith("#") or (row.isprintable() and _looks(row, deep)) for row in rows)


def _looks(row: str, deep: int) -> bool:
    """Whether a row is of plain commands, one after another in a pipe."""
    if re.search(r"[;&<>$`\\(){}*?\[\]~!]", row) or ("|" in row and re.search(r"['\"]", row)):
        return False
    return all(_is_look(each, deep) for each in row.split("|"))


def _is_look(command: str, deep: int) -> bool:
    try:
        words = [_risen(word, deep) for word in shlex.split(command)]
    except ValueError:
        return False
    if words[:1] == ["grep"]:  # the first word that is no option is looked for, and is no file
        at = next((at for at, word in enumerate(words[1:], 1) if not word.startswith("-")), 0)
        words[at] = "x" if at and _sought.fullmatch(words[at]) else words[at]
    allowed = _ALLOWED.get(words[0], _path) if words else _path
    return bool(words) and words[0] in SHELL and all(allowed.fullmatch(word) for word in words[1:])
