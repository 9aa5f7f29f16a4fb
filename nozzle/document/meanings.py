"""What the names of an entry stand for, as far as its code tells: modules that are known, values that are plain.

Read off the code of all cells together, and never guessed. A name is plain when everything that any cell gives it is;
what an import brought from elsewhere, or what MCP servers offer, is foreign under every name that it is given, and so
is what a class makes whose values act when they are looked at (`__getitem__`). A listed module is known no more when
any code does anything with it but read what is in it. Where a cell may give names a meaning without saying so (a star
import, `exec`, `%run`), nothing is known.
"""

import ast
import builtins
import math
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache

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


def listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


METHODS = listed("""
    argmax argmin astype capitalize corr cumsum describe dot duplicated endswith flatten groupby head idxmax idxmin
    isdigit isna isnull lower max mean median memory_usage min most_common nlargest notna nsmallest nunique quantile
    ravel reshape round rstrip sort_values split splitlines startswith std strip sum tail tolist transpose unique upper
    value_counts var zfill
""")
"""Methods that change nothing, on whatever has them."""
BARE = listed("info to_dict to_list to_numpy to_string")
"""Methods that change nothing when they are given nothing: else `info` writes a log, and `to_string` a file."""
OF_PLAIN = listed("all any copy count find format get index items join keys replace title values")
"""Methods that change nothing on plain values; of others, `Path.replace` or `httpx.Client.get`, they act."""
FRESH = listed("""
    capitalize cumsum endswith flatten isdigit lower most_common rstrip split splitlines startswith strip tolist upper
    zfill
""")
"""Methods that make a plain value of whatever has them."""
INSIDE = listed("get max maximum min minimum mode median pop prod setdefault sum dot")
"""What may give back one of the values inside, which may be anything."""
PLAIN = listed("""
    all any bin bool chr complex dict enumerate float format frozenset hex int isinstance len list oct ord range read
    repr set sorted str tuple zip
""")
"""Functions that make plain values."""
MADE = {"pandas": listed("DataFrame Series read_csv read_excel read_json read_parquet")}
"""Of modules that are not listed: what makes values whose methods do what those of plain values do."""
REDUCES = listed("all any argmax argmin cumsum dot max mean min round sort_values std sum var")
"""Methods that write into an array that they are given second, or later; or are told there to change their own."""
MODULES: dict[str, frozenset[str]] = {
    "math": frozenset(name for name in dir(math) if not name.startswith("_")),
    "statistics": listed("mean median stdev pstdev variance pvariance mode quantiles fmean"),
    "itertools": listed("chain count islice product permutations combinations zip_longest repeat pairwise"),
    "collections": listed("Counter deque OrderedDict"),
    "fractions": listed("Fraction"),
    "json": listed("dumps loads"),
    "numpy": listed("""
        abs all allclose any arange argmax argmin argsort array asarray ceil concatenate corrcoef cos count_nonzero cov
        cross cumsum diff dot exp eye flatnonzero floor full histogram identity isclose isfinite isin isinf isnan kron
        linspace log log10 log1p log2 matmul max maximum mean median min minimum nanmax nanmean nanmedian nanmin
        nanpercentile nanstd nansum ones outer percentile polyfit polyval prod ptp quantile round searchsorted shape
        sign sin sort sqrt stack std sum tan tanh trace transpose unique var where zeros vstack hstack float32 float64
        int32 int64
    """),
    "numpy.linalg": listed("""
        cholesky cond det eig eigh eigvals eigvalsh inv lstsq matrix_norm matrix_power matrix_rank norm pinv qr slogdet
        solve svd vector_norm
    """),
}
"""Modules that may be imported, and what of them may be called."""
WITHIN = listed("linalg")
"""Modules of listed ones that are listed, too."""
CONSTANTS = {
    "numpy": listed("""
        pi e inf nan newaxis ndarray dtype generic number integer floating bool_ int8 int16 uint8 uint16 uint32 uint64
        float16 complex64 complex128
    """)
}
"""What else of them may be named."""
DATA = listed("T shape dtype dtypes size ndim columns index values real imag nbytes itemsize name names")
"""Attributes that are never a method which does something when somebody calls it."""
QUIET = listed("""
    __init__ __post_init__ __repr__ __str__ __len__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __iter__ __next__
    __contains__ __bool__ __call__ __enter__ __exit__ __slots__ __doc__ __match_args__
""")
"""What a class may define whose values are looked at like any other: what it does is said by its name, or no look."""
ONCE = listed("iter map filter zip enumerate reversed open reader DictReader finditer iterdir glob rglob scandir iglob")
"""What makes values that give what is in them once."""
IN_PARTS = listed("chunksize iterator")
"""By these, what makes a table makes one that gives its rows once."""
OVER = listed("all any dict enumerate frozenset list max min set sorted sum tuple zip join")
"""What goes over all that is in what it is given."""
OF_ONE = listed("abs bool complex float hex int isinstance len oct ord range read repr round str")
"""What makes one value in which nothing else lies, or numbers."""
UNSAID = listed("exec eval globals locals vars setattr delattr get_ipython builtins __builtins__ __import__ __dict__")
"""By these, code may give names a meaning without saying so."""
BUILTINS = frozenset(dir(builtins))
_of_looks = METHODS | OF_PLAIN | DATA | LOOKS | frozenset[str]().union(*MODULES.values(), *MADE.values())
"""Names by which looks go."""
_magic = re.compile(
    r"^[ \t]*(?:%(?:matplotlib|config|pip|conda|precision|who|whos)\b|!).*$"
    r"|\A\s*%%(?:time|timeit|capture)\b[^\n]*$",
    re.M,
)
"""Lines of a cell that are not Python, and give no name a meaning."""
_timed = re.compile(r"^([ \t]*)%(?:time|timeit)\b(?:[ \t]+-\w[ \t]*\d*)*[ \t]+", re.M)
"""What stands before Python on its line."""


Given = tuple[str, ast.expr | ast.stmt | None, bool]


@dataclass(frozen=True, slots=True)
class Bindings:
    """What the code of one cell gives names."""

    values: tuple[Given, ...] = ()
    """(name, the value it is given, whether one after the other of what is inside it); a `def` or `class` is its own
    value; None: what cannot be told."""
    imports: tuple[tuple[str, str], ...] = ()
    """(name, module); `.name`: that of a module which is not told from what is in it."""
    members: frozenset[str] = frozenset()
    """Names of what its classes define: a method of a listed name may be theirs."""
    computed: frozenset[str] = frozenset()
    """Names of what its classes compute when it is read: properties, and what may be one."""
    acting: frozenset[str] = frozenset()
    """Classes whose values act when they are looked at."""
    handled: frozenset[str] = frozenset()
    """Names with which more is done than to read what is in what they stand for."""
    anything: bool = False
    """Also names that it does not say."""


@lru_cache(maxsize=4096)
def bindings(source: str) -> Bindings:
    """Of a cell that may hold lines which are not Python."""
    for code in (source, _timed.sub(r"\1", _magic.sub("", source))):
        try:
            return bound(ast.parse(code))
        except (SyntaxError, ValueError):
            pass
    return Bindings(anything=True)


def bound(tree: ast.AST) -> Bindings:
    values: list[Given] = []
    imports: list[tuple[str, str]] = []
    told: set[ast.AST] = set()
    nodes: list[ast.AST] = [tree]
    for node in nodes:
        match node:
            case ast.Import(names=names):
                imports += [_imported(each) for each in names]
            case ast.ImportFrom(names=names):
                imports += [(each.asname or each.name, f".{each.name}") for each in names]
            case ast.Assign(targets=targets, value=value):
                for each in targets:
                    _give(each, value, False, values, told)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                _give(target, value, False, values, told)
            case ast.AugAssign(target=target, value=value):
                _give(target, value, False, values, told)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                _give(target, value, True, values, told)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if node not in told:
                values.append((name, None, False))
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                values.append((name, None, False))
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                values.append((name, None, False))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                values.append((node.name, node, False))
                given = [each for each in ast.walk(node) if isinstance(each, ast.Global)]
                values += [(name, None, False) for each in given for name in each.names]
                continue  # the names in it are its own
        nodes += ast.iter_child_nodes(node)
    read = {id(each) for node in ast.walk(tree) for each in _only_read(node)}
    unsaid = any(_is_unsaid(node) for node in ast.walk(tree) if id(node) not in read)
    anything = unsaid or any(name == "*" for name, _ in imports)
    members = frozenset(_members(tree))
    return Bindings(
        tuple(values), tuple(imports), members, frozenset(_computed(tree)), frozenset(_acting(tree)),
        frozenset(_handled(tree)), anything,
    )  # fmt: skip


def _is_unsaid(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.alias(name=name):
            return name in UNSAID
        case ast.Attribute(attr=name):  # a model's `eval()` is another
            return name in UNSAID and name.startswith("_")
    return False


def _only_read(node: ast.AST) -> Iterator[ast.AST]:
    """Of what may give names a meaning, what does not: `vars(x)` where it is looked at, and `setattr` by a plain name
    that no look goes by."""
    match node:
        case ast.Call(func=ast.Name(id="setattr") as name, args=[_, ast.Constant(value=str(attr)), _]):
            if not (attr.startswith("_") or attr in _of_looks):
                yield name
        case ast.Call(func=ast.Name(id="print" | "len" | "sorted" | "list" | "str" | "repr" | "dict"), args=parts):
            yield from filter(None, map(_of_vars, parts))
        case ast.Expr(value=part) | ast.For(iter=part) | ast.comprehension(iter=part):
            yield from filter(None, [_of_vars(part)])
        case ast.Subscript(value=part, ctx=ast.Load()):
            yield from filter(None, [_of_vars(part)])
        case ast.Call(func=ast.Attribute(value=part, attr="items" | "keys" | "values"), args=[]):
            yield from filter(None, [_of_vars(part)])


def _of_vars(value: ast.expr) -> ast.Name | None:
    match value:
        case ast.Call(func=ast.Name(id="vars") as name, args=[_], keywords=[]):
            return name
    return None


def _acting(tree: ast.AST) -> Iterator[str]:
    """Classes with a method, or another name of Python's own, by which a look at their values does something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            within = (each for part in node.body for each in ast.walk(part))
            found = {each.name for each in within if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
            found |= {each.id for part in node.body for each in ast.walk(part) if isinstance(each, ast.Name)}
            if any(name.startswith("__") and name.endswith("__") and name not in QUIET for name in found):
                yield node.name


def _computed(tree: ast.AST) -> Iterator[str]:
    """What is decorated in a class, or given there, or to an attribute outside of functions: a property may be."""
    nodes: list[ast.AST] = [tree]
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
            case ast.ClassDef(body=body):
                yield from (each.name for each in body if isinstance(each, ast.FunctionDef) and each.decorator_list)
                yield from (name for each in body for name in _called(each))
            case ast.Assign(targets=targets, value=value) if not isinstance(value, ast.Constant):
                yield from (each.attr for each in targets if isinstance(each, ast.Attribute))
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), *_]):
                yield name
        nodes += ast.iter_child_nodes(node)


def _called(part: ast.stmt) -> Iterator[str]:
    match part:
        case ast.Assign(targets=targets, value=value):
            plain = isinstance(value, ast.Constant)
            yield from (each.id for each in targets if isinstance(each, ast.Name) and not plain)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=func)):
            if not (isinstance(func, ast.Name) and func.id == "field"):  # of a dataclass
                yield name
        case ast.If() | ast.For() | ast.With() | ast.Try():
            yield from (each.id for each in ast.walk(part) if isinstance(each, ast.Name))
            yield from (each.name for each in ast.walk(part) if isinstance(each, ast.FunctionDef))


def _members(tree: ast.AST) -> Iterator[str]:
    """What classes define by name: methods, properties, and what is set on them or on their values."""
    for node in ast.walk(tree):
        for part in ast.walk(node) if isinstance(node, ast.ClassDef) else ():
            match part:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield name
                case ast.Name(id=name, ctx=ast.Store()):
                    yield name
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del(), attr=name):
                yield name
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), *_]):
                yield name


def _handled(tree: ast.AST) -> Iterator[str]:
    """Names that stand anywhere but before a dot, or before one behind which something is set."""
    nodes: list[ast.AST] = [tree]
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(), attr=attr), ctx=ast.Load()) if attr in WITHIN:
                continue
            case ast.Attribute(value=ast.Name(), ctx=ast.Load(), attr=attr) if not attr.startswith("_"):
                if attr not in WITHIN:
                    continue
            case ast.Name(id=name):
                yield name
        nodes += ast.iter_child_nodes(node)


def _imported(alias: ast.alias) -> tuple[str, str]:
    root = alias.name.partition(".")[0]
    return (alias.asname, alias.name) if alias.asname else (root, root)


def _give(target: ast.expr, value: ast.expr, inside: bool, values: list[Given], told: set[ast.AST]) -> None:
    if isinstance(target, ast.Name):
        told.add(target)
        values.append((target.id, value, inside))
    elif _mentions(value, {"mcp"}):
        names = [each for each in ast.walk(target) if isinstance(each, ast.Name)]
        values += [(each.id, value, inside) for each in names]


@dataclass(slots=True)
class Meanings:
    """What the names of an entry stand for, as far as its code tells."""

    modules: dict[str, str] = field(default_factory=dict)
    """Listed ones, or of `MADE`, by the names that mean nothing else."""
    foreign: frozenset[str] = frozenset()
    """Names of what was imported from elsewhere, and of what MCP servers offer."""
    plain: set[str] = field(default_factory=set)
    """Names that stand for plain values, whichever cell gave them one."""
    spent: set[str] = field(default_factory=set)
    """Names that stand, as far as cells say, for what a look at all of it uses up."""
    lasting: set[str] = field(default_factory=set)
    """Names that stand for what can be gone over as often as one likes, and all that lies in it."""
    holding: set[str] = field(default_factory=set)
    """Names that stand for code of the entry, or for what it lies in."""
    given: dict[str, list[tuple[ast.expr | ast.stmt | None, bool]]] = field(default_factory=dict)
    """What each name is given, other than by an import."""
    own: frozenset[str] = frozenset()
    """All names that cells give a meaning of their own, a builtin's among them."""
    fillers: frozenset[str] = frozenset({"defaultdict"})
    """Names of what makes values that take in what they are asked for and have not."""
    members: frozenset[str] = frozenset()
    """Names of what classes of the entry define, or what is set on values."""
    computed: frozenset[str] = frozenset()
    """Names of what classes of the entry compute when it is read."""
    unsaid: bool = False
    """Cells may also give names a meaning without saying so."""

    @classmethod
    def of(cls, cells: Sequence[Bindings]) -> "Meanings":
        given: dict[str, list[tuple[ast.expr | ast.stmt | None, bool]]] = {}
        brought: dict[str, set[str]] = {}
        for cell in cells:
            for name, value, inside in cell.values:
                given.setdefault(name, []).append((value, inside))
            for name, module in cell.imports:
                brought.setdefault(name, set()).add(module)
        handled = frozenset(given).union(*(cell.handled for cell in cells))
        sole = {name: next(iter(each)) for name, each in brought.items() if len(each) == 1 and name not in handled}
        modules = {name: module for name, module in sole.items() if module in MODULES or module in MADE}
        foreign = frozenset(name for name in brought if modules.get(name) not in MODULES)
        foreign = foreign.union(*(cell.acting for cell in cells))
        while more := {
            name for name, values in given.items() if name not in foreign
            if any(isinstance(value, ast.expr) and _mentions(value, {"mcp"} | (foreign - set(brought)))
                   for value, _ in values)
        }:  # fmt: skip
            foreign |= more
        own, unsaid = frozenset(given) | frozenset(brought), any(cell.anything for cell in cells)
        members = frozenset[str]().union(*(cell.members for cell in cells))
        computed = frozenset[str]().union(*(cell.computed for cell in cells))
        fillers = frozenset(name for name, each in brought.items() if ".defaultdict" in each) | {"defaultdict"}
        found = cls(modules, foreign, set(), set(), set(), set(), given, own, fillers, members, computed, unsaid)
        while more := {
            name for name, values in given.items() if name not in found.plain | foreign
            if all(isinstance(value, ast.expr) and found.is_plain(value, inside) for value, inside in values)
        }:  # fmt: skip
            found.plain |= more
        while more := {
            name for name, values in given.items() if name not in found.spent
            if any(found._gives_once(value) for value, inside in values if not inside)
        }:  # fmt: skip
            found.spent |= more
        while more := {
            name for name, values in given.items() if name not in found.holding
            if any(found.holds_code(value) for value, _ in values)
        }:  # fmt: skip
            found.holding |= more
        found.lasting = set(given) - foreign - found.spent
        while less := {
            name for name in found.lasting if not all(found._lasts(value) for value, _ in given[name])
        }:  # fmt: skip
            found.lasting -= less
        return found

    def module(self, value: ast.expr) -> str:
        """The listed module that a value is; empty when it is none."""
        match value:
            case ast.Name(id=name) if self.modules.get(name) in MODULES:
                return self.modules[name]
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in WITHIN and name in self.modules:
                whole = f"{self.modules[name]}.{attr}"
                return whole if whole in MODULES else ""
        return ""

    def is_foreign(self, name: str) -> bool:
        return name in self.foreign

    def may_be_called(self, name: str) -> bool:
        """Whether a name may stand for something that somebody who is given it would call, as far as cells say."""
        return any(
            not inside and not (isinstance(value, ast.expr) and self.is_plain(value))
            for value, inside in self.given.get(name, ())
        )

    def holds_code(self, value: ast.AST | None) -> bool:
        """Whether code of the entry lies in a value, as far as cells say: other than what it calls to make it."""
        match value:
            case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return True
            case ast.Name(id=name):
                return name in self.holding
            case ast.Call(func=ast.Name(id=name)) if self.is_code(name):
                return False
            case ast.Call(func=ast.Name(), args=parts, keywords=named):
                parts = [*parts, *(each.value for each in named if each.arg != "key")]
                return any(map(self.holds_code, parts))
            case ast.Call(func=ast.Attribute(value=of), args=parts):
                return any(map(self.holds_code, (of, *parts)))
            case None | ast.Compare():
                return False
        return any(map(self.holds_code, ast.iter_child_nodes(value)))

    def is_code(self, name: str) -> bool:
        """Whether a name stands for a function, or a class, that a cell defines."""
        return any(isinstance(value, ast.stmt) for value, _ in self.given.get(name, ()))

    def _gives_once(self, value: ast.expr | ast.stmt | None) -> bool:
        """Whether a look at all of it uses it up, as far as cells say."""
        match value:
            case ast.GeneratorExp():
                return True
            case ast.Name(id=name):
                return name in self.spent
            case ast.Call(func=ast.Name(id=name)):
                made = (each for each, _ in self.given.get(name, ()) if isinstance(each, ast.FunctionDef))
                yields = (isinstance(part, ast.Yield | ast.YieldFrom) for each in made for part in ast.walk(each))
                return (name in ONCE and name not in self.own) or any(yields)
            case ast.Call(func=ast.Attribute(value=of, attr=name)):
                return name in ONCE or self.module(of) == "itertools"
        return False

    def uses_up(self, value: ast.expr) -> bool:
        """Whether to go over all that is in a value may use up what an author made: whatever is not known to last."""
        match value:
            case ast.Name(id=name):
                known = name not in self.given or self.is_plain(value) or self._lasts(value)
                return not known or name in self.spent
            case ast.Attribute(value=of):
                return not (self.is_plain(of) or self._lasts(of))
            case ast.Subscript(value=of, slice=ast.Slice()):
                return not self.is_plain(of) and self.uses_up(of)
            case ast.Subscript(value=of) | ast.Call(func=ast.Attribute(value=of, attr="get" | "pop" | "setdefault")):
                return not self._lasts(of)
            case ast.Call(func=ast.Name(id="max" | "min" | "sum"), args=parts) | ast.BoolOp(values=parts):
                return not all(map(self._lasts, parts))
            case ast.IfExp(body=body, orelse=orelse):
                return self.uses_up(body) or self.uses_up(orelse)
            case ast.NamedExpr(value=part) | ast.Starred(value=part):
                return self.uses_up(part)
        return False

    def _lasts(self, value: ast.expr | ast.stmt | None) -> bool:
        """Whether a value, and all that lies in it, can be gone over as often as one likes."""

        def last(*parts: ast.expr | None) -> bool:
            return all(map(self._lasts, parts))

        match value:
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return True
            case ast.Name(id=name):
                return name in self.lasting
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
                return last(*parts)
            case ast.Dict(values=parts):
                return last(*parts)
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.DictComp(value=part):
                return last(part)
            case ast.Starred(value=part) | ast.UnaryOp(operand=part) | ast.NamedExpr(value=part):
                return last(part)
            case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
                return last(left, right)
            case ast.Subscript(value=of) | ast.Attribute(value=of):
                return last(of)
            case ast.Call(func=ast.Name(id=name), args=parts) if name not in self.own:
                if name in OVER - ONCE:
                    return all(map(self._gives_lasting, parts)) and not value.keywords
                return name in OF_ONE
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name) as of)) if name in self.modules:
                parts = [*value.args, *(each.value for each in value.keywords)]
                if self.modules[name] in MADE:
                    return self.is_plain(value)
                return self.module(of) not in ("", "itertools") and last(*parts)
            case ast.Call(func=ast.Attribute(value=of, attr=name)) if self._is_ours(of):
                return name in FRESH or (name in METHODS | OF_PLAIN and name not in ONCE and last(of))
        return False

    def _gives_lasting(self, value: ast.expr) -> bool:
        """The same of what is gone over where it is made, once: what comes of it."""
        match value:
            case ast.GeneratorExp(elt=part):
                return self._lasts(part)
            case ast.Call(func=ast.Name(id="zip" | "enumerate" | "reversed" as name), args=parts):
                return name not in self.own and all(map(self._gives_lasting, parts))
        return self._lasts(value)

    def fills(self, name: str) -> bool:
        """Whether a name stands for what takes in what it is asked for and has not."""
        given = (value for value, _ in self.given.get(name, ()) if isinstance(value, ast.Call))
        return any(ast.unparse(each.func).rpartition(".")[2] in self.fillers for each in given)

    def is_function(self, name: str) -> bool:
        """Whether a name stands for functions that cells define, and for nothing else."""
        given = self.given.get(name, ())
        return bool(given) and all(isinstance(value, ast.FunctionDef) for value, _ in given)

    def computes(self, of: ast.expr, name: str) -> bool:
        """Whether to read an attribute of a value may run code of a class of the entry."""
        return name in self.computed and not self.is_plain(of)

    def is_plain(self, value: ast.expr, inside: bool = False) -> bool:
        """Whether a value (or all that is inside it) is of a type whose methods do what the lists say."""
        match value:
            case ast.Constant() | ast.JoinedStr():
                return True
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) if inside:
                return all(not isinstance(part, ast.Starred) and self.is_plain(part) for part in parts)
            case ast.Call(func=ast.Name(id="range")) if "range" not in self.own:
                return True
            case ast.Call(func=ast.Attribute(value=text, attr="split" | "splitlines")) if self._is_ours(text):
                return True
            case _ if inside:
                return False
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return True
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.Compare():
                return True
            case ast.Name(id=name):
                return name in self.plain
            case ast.UnaryOp(operand=part):
                return self.is_plain(part)
            case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
                return self.is_plain(left) and self.is_plain(right)
            case ast.BoolOp(values=parts):
                return all(map(self.is_plain, parts))
            case ast.Call(func=ast.Name(id=name)):
                return name in PLAIN - self.own
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if name in self.modules:
                module = self.modules[name]
                if module in MADE:
                    return attr in MADE[module] and IN_PARTS.isdisjoint(
                        each.arg or "iterator" for each in value.keywords
                    )
                if module == "json":
                    return not value.keywords and attr in ("load", "loads")
                parts = [*value.args, *(each.value for each in value.keywords)]
                return attr in MODULES[module] - INSIDE and all(map(self.is_plain, parts))
            case ast.Call(func=ast.Attribute(value=of, attr=attr)) if self._is_ours(of):
                return attr in FRESH or (attr in (METHODS | OF_PLAIN) - INSIDE and self.is_plain(of))
        return False

    def _is_ours(self, value: ast.expr) -> bool:
        """Whether it is no part of a module, nor of what is foreign."""
        while isinstance(value, ast.Attribute | ast.Subscript):
            value = value.value
        strange = isinstance(value, ast.Name) and (value.id in self.modules or self.is_foreign(value.id))
        return not strange and not _mentions(value, {"mcp"})

    def acts(self, of: ast.expr, name: str, given: int) -> bool:
        """Whether a method of that name, of a value, may do more than look at it or change it."""
        if not self._is_ours(of) or (name in REDUCES and given > 1) or (name in self.members and not self.is_plain(of)):
            return True
        if name in BARE:
            return given > 0
        return name not in METHODS and not self.is_plain(of)


def _mentions(node: ast.AST, names: Set[str]) -> bool:
    """Whether one of these names stands in code, other than in the name of a tool that it calls."""
    match node:
        case ast.Name(id=name):
            return name in names
        case ast.Call(func=ast.Attribute() as tool) if is_served(tool):
            return any(_mentions(each, names) for each in (*node.args, *node.keywords))
    return any(_mentions(each, names) for each in ast.iter_child_nodes(node))


def is_served(tool: ast.expr) -> bool:
    """Whether a call is of a tool of an MCP server, by its whole name."""
    while isinstance(tool, ast.Attribute):
        tool = tool.value
    return isinstance(tool, ast.Name) and tool.id == "mcp"
