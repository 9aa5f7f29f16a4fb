"""What a cell could do is read off its code, and whatever is not on the list is asked about."""

import pytest

from nozzle.document.risk import Ground, judge, weigh

ABOVE = (
    "%matplotlib inline\nimport os, shutil, httpx\nimport numpy as np, pandas as pd\nfrom pathlib import Path\n"
    "from plumbum import FG",
    "x = [1, 2]\nd = {'a': x}\nt = 0\nrow = 'a,b'\nframe = pd.read_csv('a.csv')\nz = np.zeros((3, len(x)))",
    "p = Path('a')\nq = session.query(1)\nmm = np.memmap('big.dat', mode='r+')\neither = 'a'\neither = Path('a')",
    "tool = mcp.calendar\ndef use(x):\n    either = 1",
)
"""The author's cells."""


@pytest.mark.parametrize(
    "source",
    [
        "print(sum(x) / len(x))", "x[0]", "[a for a in b if a > 1]", "read('notes.md')", "final_answer('done')",
        "f'{x:.2f}'", "sorted(d.items())", "x.shape", "(m @ n).mean()", "print('a'.join(str(i) for i in range(3)))",
        "d.get('a', 1)", "row.replace(',', ';').title()", "row.strip().split(',')[0].lower()",
        "np.sum(x)", "(x == d).all()",
        "frame.copy()", "print(frame.count())", "p.parts", "np.asarray(x).copy()", "mm.mean()", "z.T.shape", "len(q)",
        "[line.replace('a', 'b') for line in read('a.csv').splitlines()]", "np.ones((2, 2)).mean()",
    ],
)  # fmt: skip
def test_what_only_looks_is_read(source: str) -> None:
    assert judge(source, "python", cells=ABOVE) == "read"


@pytest.mark.parametrize(
    "source",
    [
        "shutil.copy('a', 'b')", "p.replace('b')", "os.replace('a', 'b')", "os.remove('a')", "httpx.get('http://x')",
        "q.get()", "q.all()", "p.parent.replace('b')", "either.replace('a')", "f = os\nf.remove('a')", "pd.io.get('a')",
        "[shutil][0].copy('a', 'b')", "(s := shutil).copy('a', 'b')", "[m.copy('a', 'b') for m in [shutil]]",
        "[row.replace('b') for row in [p]]", "for row in [p]:\n    row.replace('b')",
        "row, e = p, 1\nrow.replace('b')",
        "{'a': p}['a'].replace('b')", "(p or row).replace('b')", "(row if x else p).replace('b')",
        "max([p]).replace('b')",
        "[p].pop().replace('b')", "{'a': p}.get('a').replace('b')", "np.max([p]).replace('b')",
        "(p / 'a').replace('b')",
        "type(p).replace(p, 'b')", "(lambda row: row.replace('b'))", "list(map(Path.unlink, [p]))", "r & FG", "FG | r",
        "await task", "[a async for a in b]", "mm[:] = 0", "mm += 1", "mm.fill(0)", "np.asarray(mm).fill(0)",
        "np.exp(z, mm)",
        "mm.ravel().fill(0)", "z.sum(0, None, mm)", "z.sum(*w)", "np.exp(*w)", "np.sum(z, 0, None, mm)",
        "tool.split('a')", "[mcp.calendar][0].split('a')", "m = mcp\nm.calendar.split('a')", "np.linalg.sum(x)",
        "d['a']['b'] = 1", "unknown.remove('a')", "s.append('a')", "np = os\nnp.sum(x)",
        "a = b\nb = a\na.replace('c')", "for k, s in [(1, mcp.calendar)]:\n    s.split('a')",
    ],
)  # fmt: skip
def test_a_method_is_no_look_by_its_name_alone(source: str) -> None:
    assert judge(source, "python", cells=ABOVE) == "ask"


@pytest.mark.parametrize(
    "above",
    ["from lib import *", "%run tools.py", "%load_ext x", "globals()['sum'] = wipe", "exec(text)", "x = !ls",
     "import builtins\nbuiltins.sum = wipe", "get_ipython().run_cell(x)"],
)  # fmt: skip
def test_where_a_cell_may_give_names_a_meaning_without_saying_so_nothing_is_a_look(above: str) -> None:
    assert judge("print(x.mean())", "python", cells=["y = 1", "%matplotlib inline\n!ls"]) == "read"
    assert judge("print(y)", "python", cells=[f"{above}\ny = 1"]) == "ask"


@pytest.mark.parametrize(
    "source",
    [
        "y = x + 1", "write('a.txt', 'b')", "edit('a.py', 'b', 'c')", "import math\nprint(math.pi)", "d['k'] = 1",
        "import numpy as np\nm = np.ones((2, 2))\nprint(m.sum())", "x.append(3)", "for i in range(3):\n    t += i",
        "x.remove(1)", "z[0] = 1", "z += 1", "frame['c'] = frame.a * 2", "y = np.exp(z)\ny.sort()",
    ],
)  # fmt: skip
def test_what_git_takes_back_is_reversible(source: str) -> None:
    assert judge(source, "python", cells=ABOVE) == "reversible"


@pytest.mark.parametrize(
    "source",
    [
        "write('journal/entry.md', 'x')", "write(x, 'y')", "write('../x', '')", "edit('.git/config', 'a', 'b')",
        "write('statistics.py', 'x')", "write('../random.py', 'x')", "write('numpy/__init__.py', 'x')",
        "import os", "open('a')", "open", "f = open", "eval('1')", "().__class__", "x.to_csv('a')", "fit(x)", "del x",
        "from math import *", "print = exec", "sum = open\nsum('a', 'w')", "sh('ls')", "search('x')", "getattr(x, 'y')",
        "import numpy as np\nnp.save('a', x)", "import math as m\nm = x\nm.anything()", "@print\ndef f(): pass",
        "with x: pass", "lambda: open('a')", "x.y = 1", "!rm -rf .", "%run a.py", "class A: pass", "while True: pass",
        "raise x", "try:\n    1\nexcept x:\n    2", "await x()", "(y := open)('a')", "[open][0]('a', 'w')",
        "sorted(x, key=fit)", "print(1, file=f)", "x = [sum for sum in y]", "from itertools import starmap",
        "__import__('os')",
        "read('../x')", "read('.env')", "read('data/.secret')", "read(x)", "read(path='.env')",
        "print(file=x)\nexit()", "x.format_map(y)", "import numpy\nnumpy.ones.f()", "global x", "x = [print]\nx[0]()",
    ],
)  # fmt: skip
def test_everything_else_is_asked(source: str) -> None:
    assert judge(source, "python") == "ask"


@pytest.mark.parametrize(
    "above",
    ["def sum(x): pass", "try:\n    pass\nexcept E as sum:\n    pass", "match v:\n    case {'a': sum}:\n        pass",
     "def f():\n    global sum\n    sum = x", "import tools as sum", "with f as sum:\n    pass",
     "@deco\nclass sum: pass"],
)  # fmt: skip
def test_a_name_that_a_cell_gave_another_meaning_is_on_no_list(above: str) -> None:
    assert judge("sum(x)", "python", cells=["y = 1"]) == "read"
    assert judge("sum(x)", "python", cells=[above]) == "ask"


@pytest.mark.parametrize(
    "above",
    ["math.sqrt = wipe", "patch(math)", "m = math", "math.__dict__", "del math.pi", "for math in x:\n    pass",
     "def f():\n    global math\n    import shell as math"],
)  # fmt: skip
def test_a_module_with_which_a_cell_did_more_than_read_what_is_in_it_is_known_no_more(above: str) -> None:
    assert judge("math.sqrt(2)", "python", cells=["import math\nx = math.pi"]) == "read"
    assert judge("math.sqrt(2)", "python", cells=["import math", above]) == "ask"


MADE_BY_HIM = (
    "import statistics, functools, shutil\nimport numpy as np, pandas as pd\nframe = pd.read_csv('a.csv')",
    "class W:\n    def __getitem__(self, name): shutil.rmtree(name)\nw = W()\nmany = [w]",
    "def wipe(*names): shutil.rmtree('data')\np = Path('a')\ngone = functools.partial(wipe, 1)\nalias = wipe",
    "class Fit:\n    def __init__(self): self.rate = 1\nfit = Fit()",
)


@pytest.mark.parametrize(
    "source",
    [
        'type("X", (), {"mean": statistics.sys.modules["os"].system}).mean("x")', "type(*x)", "type('X', (), {})",
        'type("X", (), {"__class_getitem__": statistics.sys.modules["os"].remove})["f"]', "statistics.sys",
        "print(np.f2py.os)", "x = np", "[np]", "np.f2py", "frame[np.f2py.os.remove]",
        "frame[wipe]", "frame[p.unlink]", "frame.get(p.unlink)", "frame[gone]", "frame.get(gone)", "frame[alias]",
        "frame.loc[gone, 'a']", "frame[(k := p.unlink)]", "[p.unlink]", "k = p.unlink", "dict(a=p.unlink)",
        "max([1], p.unlink)", "w['data']", "many[0]['data']", "W()[0]", "print(wipe)", "lambda: 1",
        "match x:\n    case W(): pass", "print(f'{w:>9}')", "frame[min(hands)]",
        "np.median(x, overwrite_input=True)", "np.percentile(x, 50, overwrite_input=True)",
        "frame.replace(1, 2, inplace=True)", "frame.astype(int, copy=False)", "np.exp(x, out=x)", "print(**x)",
    ],
)  # fmt: skip
def test_what_would_call_or_change_something_is_no_look(source: str) -> None:
    assert judge(source, "python", cells=MADE_BY_HIM) == "ask"


@pytest.mark.parametrize(
    "source",
    [
        "type(x)", "print(fit.rate)", "fit.rate", "f'{fit.rate:.3f}'", "fit.rate > 1",
        "for c in fit.rates:\n    print(c)",
        "frame.a.mean()", "frame[frame.a > 1]", "frame['a'][:3]", "print(np.pi, np.float64(1))", "x[y.argmax()]",
        "[frame[c] for c in frame.columns]", "np.mean(x, axis=0)", "dict(one=1)", "'{a}'.format(a=1)",
        "print(x, sep='')",
        "round(x, ndigits=2)", "fit.rates[0]", "len(fit.rates)", "x.shape[0]",
    ],
)  # fmt: skip
def test_what_an_author_looks_at_every_day_stays_a_look(source: str) -> None:
    assert judge(source, "python", cells=[*MADE_BY_HIM[:1], MADE_BY_HIM[3]]) in ("read", "reversible")


@pytest.mark.parametrize(
    "source",
    [
        "ls",
        "cat notes.md",
        "ls -la",
        "\tls -l",
        "tail -5 a.csv",
        "tail -n 5 a.csv",
        "tail --lines 5 a.csv",
        "head -5 data/a.csv\nwc -l data/a.csv",
        "# look\npwd",
        "date -u +%F",
    ],
)
def test_a_shell_that_only_looks_inside_is_read(source: str) -> None:
    assert judge(source, "bash") == "read"


@pytest.mark.parametrize(
    "source",
    [
        "rm -rf x", "ls; rm x", "cat /etc/passwd", "cat ~/.ssh/id_rsa", "cat ../x", "cat .git/config", "ls > x", "$(x)",
        "ls | sh", "cat a && b", "git push", "ls `x`", "", "python x.py", "cat 'a\nb'", "ls\\\nrm x", "cat a/../../b",
        "echo *", "date -s 1", "date 1127", "# only words", "tail -f a.md", "tail -fn5 a.md", "tail -F a.md",
        "tail --follow a.md", "ls\n\u3000# x; rm a", "\u00a0# x; touch a", "\x0c# x; touch a", "\x0bls",
        "ls\n\x1c#;rm a", "ls \u202e", "ls\r", "# \x00",
    ],
)  # fmt: skip
def test_any_other_shell_is_asked(source: str) -> None:
    assert judge(source, "bash") == "ask"


@pytest.mark.parametrize(
    "above",
    [
        "ls() { rm -rf data; }", "ls () {\n rm x\n}", "function ls { rm x; }", "alias ls='rm x'", "PATH=$PWD/bin:$PATH",
        "export PATH", "trap 'rm x' DEBUG", "source env.sh", ". env.sh", "true && . env.sh", "eval \"$x\"", "cd /etc",
        "if x; then . env.sh; fi", "hash -p /bin/rm ls", "enable -f x ls", "if . ../data/x; then :; fi", "! . x",
        'e""val "ls$(printf x) { rm x; }"', "time . x", "al\\ias ls=rm", "(sleep 4; rm x) &", "ls\nmkdir x", "x=1",
    ],
)  # fmt: skip
def test_a_shell_below_a_cell_that_does_more_than_look_is_asked(above: str) -> None:
    assert judge("ls", "bash", cells=["# first\nls\npwd"]) == "read"
    assert judge("ls", "bash", cells=[above]) == "ask"


def test_another_language_is_asked() -> None:
    assert judge("1 + 1", "julia") == "ask"


@pytest.mark.parametrize("look", ["t.split()", "print(t.round(2))"])
def test_a_method_that_a_class_of_the_entry_defines_is_no_look_by_its_name(look: str) -> None:
    method = "class T:\n    def split(self): ...\n    def round(self, n): ...\nt = T()"
    assert judge(look, "python", cells=[method]) == "ask"
    assert judge("print(x.mean())", "python", cells=["model.eval()\nimport numpy as np\nx = np.ones(3)"]) == "read"


@pytest.mark.parametrize(
    "inside",
    [
        "@property\n    def rate(self): return wipe()",
        "@cached_property\n    def rate(self): ...", "rate = property(wipe)",
        "rate = Wipes()", "rate: float = Wipes()", "a = rate = Wipes()", "if x:\n        rate = property(wipe)",
        "def f(self): ...\nT.rate = property(T.f)",
        "try:\n        @property\n        def rate(self): ...\n    finally: pass",
    ],
)  # fmt: skip
def test_what_a_class_of_the_entry_computes_when_it_is_read_is_no_look(inside: str) -> None:
    cells = [f"class T:\n    {inside}\nt = T()"]
    looks = (
        "t.rate",
        "print(t.rate)",
        "print([a.rate for a in x])",
        "t.rate > 1",
        "f'{t.rate}'",
        "if t.rate:\n    pass",
    )
    assert {judge(each, "python", cells=cells) for each in looks} == {"ask"}


@pytest.mark.parametrize(
    "inside",
    ["rate = 1", "rate: float", "rate: float = 0.5", "rate: list = field(default_factory=list)",
     "def __init__(self): self.rate = Wipes()"],
)  # fmt: skip
def test_what_a_value_of_a_class_just_holds_is_looked_at(inside: str) -> None:
    assert judge("print(t.rate)", "python", cells=[f"@dataclass\nclass T:\n    {inside}\nt = T()"]) == "read"


TIGHT, LOST = Ground("confined", True), Ground("confined", True, ("data.csv",))
LEAVES_CODE = [
    "class T:\n    @property\n    def rate(self): ...\nx = T()", "class T:\n    def __repr__(self): ...", "import os",
    "import builtins as b\nb.print = print", "from tools import *", "print = 1", "x = lambda: 1", "del x", "x.a = 1",
    "@deco\ndef f(): ...", "def f(a=open('x')): ...", "def f():\n    import os", "def f():\n    global y\n    y = 1",
    "def print(): ...", "def __getattr__(a): ...", "sys.displayhook = f", "%run x.py", "x y", "reset -f", "rerun",
    "np.ndarray.mean = f", "def f():\n    yield open('x')", "async def f(): ...", "f(print)(1)",
]  # fmt: skip


@pytest.mark.parametrize("unseen", LEAVES_CODE)
@pytest.mark.parametrize("look", ["print(x)", "x.mean()", "y = x + 1", "final_answer('ok')", "write('a.txt', 'x')"])
def test_below_an_agents_code_that_ran_unseen_and_is_on_no_list_nothing_is_a_look(unseen: str, look: str) -> None:
    cells = ["import numpy as np\nx = np.ones(3)", unseen]
    risk, words = weigh(look, "python", LOST, cells, [unseen])
    assert (risk, "could not give back data.csv" in words) == ("ask", True)
    assert weigh(look, "python", TIGHT, cells, [unseen])[0] in ("reversible", "ask")
    assert "read" not in {weigh(look, "python", ground, cells, [unseen])[0] for ground in (TIGHT, LOST, Ground())}


@pytest.mark.parametrize(
    "unseen",
    [
        "y = x.mean()", "def mse(a, b=1):\n    d = a - b\n    return (d ** 2).mean()", "final_answer('x')", "y = [1]",
        "def f(a):\n    return sum(a)\nprint(f(x), f(a=x))", "write('a.txt', 'x')", "#| reach: network\nimport os",
        "for i in range(3):\n    print(i)",
    ],
)  # fmt: skip
def test_below_an_agents_code_of_what_is_on_the_lists_a_look_is_one(unseen: str) -> None:
    cells = ["import numpy as np\nx = np.ones(3)", unseen]
    assert weigh("print(x.mean())", "python", LOST, cells, [unseen])[0] == "read"
    assert weigh("print(x.mean())", "python", LOST, [*cells, "import os"], [unseen])[0] == "read"


@pytest.mark.parametrize("source", ["y = 1\nreset -f", "rerun", "y = 1\nrerun", "x\nxdel -n - x"])
def test_a_row_that_may_be_a_magic_is_on_no_list(source: str) -> None:
    assert judge(source, "python", cells=["x = 1"]) == "ask"
    assert judge("x\nx - 1", "python", cells=["x = 1"]) == "read"


@pytest.mark.parametrize(
    "above",
    ["%%time\ny = 2", "%time y = 2", "%timeit -n 10 -r 3 sum([1])", "%%timeit -n 3\nsum([1])",
     "%config InlineBackend.figure_format = 'svg'", "setattr(fit, 'rate', 1)", "print(vars(fit))",
     "for k, v in vars(fit).items():\n    print(k)", "vars(fit)['a']", "vars(fit)"],
)  # fmt: skip
def test_timing_and_display_and_what_is_only_read_of_a_value_give_no_name_another_meaning(above: str) -> None:
    assert judge("print(x.mean(), len(x))", "python", cells=["x = [1]", above]) == "read"


@pytest.mark.parametrize(
    "above",
    ["%%time\nprint = wipe", "%time len = wipe", "%timeit -n 10 exec(text)", "%%time\nfrom tools import *",
     "%load_ext x", "%load_ext autoreload", "%autoreload 2", "%%bash\nls", "%time %run x", "x = 1\n%%time",
     "setattr(builtins, 'print', wipe)", "setattr(T, 'mean', wipe)", "setattr(T, name, wipe)", "setattr(*x)",
     "vars(x)['mean'] = wipe", "vars(x).update(mean=wipe)", "d = vars(x)", "vars()['print'] = wipe", "vars()",
     "f(vars(x))",
     "del vars(x)['mean']", "[vars(x)][0]['mean'] = wipe", "g = setattr", "setattr(x, '__class__', T)",
     "vars(x)['a']['b'] = vars(y)", "print(g := vars(x))"],
)  # fmt: skip
def test_what_else_may_give_a_name_another_meaning_does(above: str) -> None:
    assert judge("print(x.mean(), len(x))", "python", cells=["x = y", above]) == "ask"


def test_what_is_set_by_name_may_be_computed_when_it_is_read() -> None:
    cells = ["class T: pass\nt = T()", "setattr(T, 'rate', property(wipe))"]
    assert judge("print(t.rate)", "python", cells=cells) == "ask"
    assert judge("print(t.other)", "python", cells=cells) == "read"
    assert judge("math.sqrt(2)", "python", cells=["import math", "setattr(math, 'mine', wipe)"]) == "ask"


LIBRARIES = ["import numpy as np, pandas as pd, json\nframe = pd.read_csv('a.csv')\nx = np.ones(3)\nf = 1",
             "cfg = json.loads(text)"]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "frame.head()", "frame[frame.a > 1].tail(3)", "frame.describe()", "frame.info()", "frame.a.value_counts()",
        "frame.groupby('a')['b'].mean()", "frame.sort_values('a', ascending=False).head()", "frame.isna().sum()",
        "frame.a.unique()", "frame.a.nunique()", "frame.a.quantile(0.9)", "print(frame.to_string())",
        "np.isnan(x).sum()", "np.isfinite(x)", "np.percentile(x, [5, 95])", "np.linalg.norm(x)",
        "np.linalg.eigvals(x)", "np.allclose(x, x)", "cfg['a']", "cfg.items()", "{k: len(v) for k, v in cfg.items()}",
        "print(json.dumps(cfg, indent=2))",
    ],
)  # fmt: skip
def test_what_one_asks_of_a_table_every_day_is_a_look(source: str) -> None:
    assert judge(source, "python", cells=LIBRARIES) == "read"


@pytest.mark.parametrize(
    "source",
    [
        "log.info('x')", "frame.info(f)", "frame.to_string('a.txt')", "frame.to_string(buf=f)", "np.isnan(x, x)",
        "frame.sort_values('a', inplace=True)", "frame.a.sort_values(0, True, True)", "np.linalg",
        "m = np.linalg", "np.linalg.LinAlgError", "json.dumps(cfg, default=wipe)", "json.loads(t, object_hook=wipe)",
        "frame.groupby(wipe)", "frame.groupby('a').agg({'b': wipe})", "frame.groupby('a').apply(wipe)",
        "frame.head.__self__", "frame.describe(wipe)", "frame.eval('a')", "json.load(f)", "np.linalg.linalg.norm(x)",
        "frame.a.unique(p.unlink)", "np.load('a')",
    ],
)  # fmt: skip
def test_what_is_like_it_and_acts_is_none(source: str) -> None:
    cells = [*LIBRARIES, "def wipe(*a): ...\np = Path('a')"]
    assert judge(source, "python", cells=cells) == "ask"


@pytest.mark.parametrize(
    "above",
    ["np.linalg.norm = wipe", "patch(np.linalg)", "m = np.linalg", "setattr(np.linalg, 'norm', wipe)",
     "del np.linalg.norm", "np.linalg = x", "setattr(np.linalg, 'other', wipe)"],
)  # fmt: skip
def test_a_module_within_one_is_known_no_more_when_a_cell_did_more_with_it(above: str) -> None:
    assert judge("np.linalg.norm(x)", "python", cells=[*LIBRARIES, "print(np.linalg.norm(x))"]) == "read"
    assert judge("np.linalg.norm(x)", "python", cells=[*LIBRARIES, above]) == "ask"


@pytest.mark.parametrize("name", ["head", "describe", "groupby", "unique", "info", "to_string", "quantile"])
def test_a_method_of_a_listed_name_may_be_one_of_a_class_of_the_entry(name: str) -> None:
    cells = [f"class T:\n    def {name}(self, *a): wipe()\nt = T()"]
    assert judge(f"t.{name}()", "python", cells=cells) == "ask"


@pytest.mark.parametrize(
    "source",
    ["ls | wc -l", "cut -d, -f1 a.csv | sort | uniq -c | sort -rn | head -5", "grep -n 'def loss' a.py", "du -sh data",
     "grep -c , a.csv", "grep -A 3 x a.csv", "cat a.csv | grep x", "sort -t, -k2,2n a.csv"],
)  # fmt: skip
def test_a_pipe_of_what_only_looks_is_read(source: str) -> None:
    assert judge(source, "bash") == "read"


@pytest.mark.parametrize(
    "source",
    ["ls | tee a", "ls || rm x", "ls |", "| ls", "ls | sh", "ls |& cat", "sort -o a a", "sort --output=a a",
     "uniq a b",
     "sort --compress-program=sh a", "grep x /etc/passwd", "grep x ../a", "grep x .env", "grep -r x .",
     "grep -R x data",
     "grep -f .env a", "grep -f/etc/passwd a", "grep --file=.env a", "grep -e x .env", "cat a | xargs rm", "du ~",
     "du /",
     "grep 'a|b' a.csv", "ls '|' rm", "cut -f1 .env", "sort -k1 /etc/passwd", "grep x a /etc/passwd",
     "sort -T/etc a",
     "grep -- x .env", "grep -d recurse x data", "sort --files0-from=a", "wc --files0-from=a", "cut --output=a"],
)  # fmt: skip
def test_a_pipe_or_an_option_that_may_do_more_is_asked(source: str) -> None:
    assert judge(source, "bash") == "ask"


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "import os  # as git does, not rm"), ("python", "def f():\n    'Like `git log`; see curl.'"),
        ("python", "import os\nprint(f'docker {os.name} git')"), ("python", "import os\nx = ['kill', \"rm\"]"),
        ("bash", "true # rm x\n# git push\nmake"),
    ],
)  # fmt: skip
def test_words_in_comments_and_strings_make_no_cell_wait(language: str, source: str) -> None:
    assert weigh(source, language, TIGHT)[0] == "reversible"


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "sh('git push')"), ("python", "import os\nos.system(f'rm {x}')"), ("python", "import requests as r"),
        ("python", "import subprocess\nsubprocess.run(['chmod', 'a'])"), ("python", "getattr(os, 'chmod')('a', 0)"),
        ("python", "import os\nc = 'rm x'\nos.popen(c)"), ("python", "!git push"), ("python", "os.remove('a')"),
        ("python", "__import__('requests')"), ("python", "mcp.mail.send('a')"), ("bash", "echo a#b; rm x"),
        ("python", "vars(os)['remove']('a')"), ("bash", "true # x\ngit push"), ("python", "from os import chmod as c"),
        ("python", "exec('import requests')"), ("julia", "# git"),
    ],
)  # fmt: skip
def test_words_that_may_be_acted_upon_do(language: str, source: str) -> None:
    risk, words = weigh(source, language, TIGHT)
    assert (risk, "it waits for you" in words) == ("ask", True)


@pytest.mark.parametrize(
    "above",
    ["x = (k for k in y)", "import csv\nx = csv.reader(y)", "x = zip(y, y)", "x = open('a')", "x = map(abs, y)",
     "def f():\n    yield 1\nx = f()", "x = [1]\nx = iter(x)", "import collections\nx = collections.defaultdict(list)"],
)  # fmt: skip
def test_what_a_look_uses_up_or_fills_is_no_mere_look(above: str) -> None:
    assert judge("print(x['a'], list(x))", "python", cells=[above]) == "reversible"
    assert judge("print(x['a'], list(x))", "python", cells=["x = {'a': 1}"]) == "read"


LASTS = ["import numpy as np, pandas as pd, json\nframe = pd.read_csv('a.csv')\nz = np.ones((3, 3)) @ frame.a",
         "x = [1, 2]\nrows = [[1, x], (2, x)]\nd = {'a': x}\nalso = rows\nfor row in rows:\n    one = row[0]",
         "text = read('a.csv')\nlines = text.splitlines()\nwords = [line.split(',') for line in lines]",
         "pairs = list(zip(x, words))\ncfg = json.loads(text)\nn = sum(len(w) for w in words)"]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    ["sum(x)", "list(d['a'])", "sorted(also[0])", "max(z)", "list(frame['a'])", "[v for v in frame.a]", "list(row)",
     "[line.split(',')[0] for line in lines]", "print(*words[0])", "3 in d['a']", "sum(d.get('a'))",
     "[sum(b) for b in rows[:1]]", "max(len(w) for w in words)", "sum(cfg['a'])", "sum(one)",
     "sum(v for row in rows for v in row[1])", "set(pairs[0])", "tuple(x[1:])", "sum(np.sum(z, axis=0))"],
)  # fmt: skip
def test_what_lasts_is_gone_over_as_a_look(source: str) -> None:
    assert judge(source, "python", cells=LASTS) == "read"


ONCE = ["import itertools, math, other\nimport pandas as pd\nfrom collections import defaultdict as dd",
        "y = [1]\ngen = (k for k in y)\nit = gen\nch = itertools.chain(y, y)\nd = {'g': iter(y)}\ne = [1, gen]",
        "parts = pd.read_csv('a.csv', chunksize=9)\nmade = other.rows()\nfilled = dd(list)",
        "pairs = zip(y, y)\nq = pairs"]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    ["list(it)", "print(list(ch))", "sum(d['g'])", "list(e[1])", "print(*made)", "[k for k in made]", "filled['zz']",
     "for k in parts:\n    print(k)", "3 in it", "math.prod(made)", "max(made)", "sum(d.get('g'))", "list(q)",
     "','.join(d['g'])", "dict(enumerate(made))", "list(it if y else y)", "[sum(k) for k in e]"],
)  # fmt: skip
def test_what_is_not_known_to_last_is_gone_over_after_a_countdown(source: str) -> None:
    assert judge(source, "python", cells=ONCE) == "reversible"


@pytest.mark.parametrize(
    ("language", "source"),
    [("python", "read('../data/a.csv')"), ("python", "read('../../a.csv')"), ("bash", "cat ../data/a.csv | wc -l"),
     ("bash", "ls .."), ("bash", "grep -n x ../a.py"), ("bash", "tail -5 ../../a.csv")],
)  # fmt: skip
def test_a_file_of_the_journal_above_the_entrys_folder_is_like_any(language: str, source: str) -> None:
    assert judge(source, language, deep=2) == weigh(source, language, Ground(deep=2))[0] == "read"
    assert judge(source, language) == "ask"
    assert judge("edit('../src/model.py', 'a', 'b')", "python", deep=1) == "reversible"


@pytest.mark.parametrize(
    ("language", "source"),
    [("python", "read('../../../a.csv')"), ("python", "read('../.env')"), ("python", "read('../a/../../.env')"),
     ("python", "read('../a/../b')"), ("python", "read('..//etc/passwd')"), ("bash", "cat ../../../x"),
     ("bash", "cat ../.git/config"), ("bash", "cat ..//etc/passwd"), ("bash", "cat a/../b"),
     ("python", "write('../random.py', '')"), ("python", "write('../nozzle.toml', '')")],
)  # fmt: skip
def test_what_lies_above_the_journal_or_is_hidden_is_asked_for(language: str, source: str) -> None:
    assert judge(source, language, deep=2) == "ask"


@pytest.mark.parametrize(
    "source",
    ["docs.groupby(fs[0]).sum()", "docs[fs[0]]", "docs.groupby(by['a']).sum()", "docs.groupby(both[1][0]).sum()",
     "[docs.groupby(f).sum() for f in fs]", "docs.groupby((fs[0], 'a')).sum()", "docs.groupby([f, g][1]).sum()",
     "docs.groupby(many[0]).sum()"],
)  # fmt: skip
def test_code_is_handed_over_out_of_what_it_lies_in_no_more_than_by_its_name(source: str) -> None:
    above = [
        "import pandas as pd\ndocs = pd.read_csv('a.csv')\ndef g(x): return x\nfs = [lambda x: x]\nby = {'a': g}",
        "both = [1, fs]\nmany = list(fs)\nnames = ['a']\nmeans = [g(n) for n in names]",
    ]
    assert judge(source, "python", cells=above) == "ask"
    for plain in ("docs[names[0]]", "docs[docs.columns[0]]", "docs.groupby(means[0]).sum()"):
        assert judge(plain, "python", cells=above) == "read"
