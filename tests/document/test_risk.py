"""What a cell could do is read off its code, and whatever is not on the list is asked about."""

import pytest

from nozzle.document.risk import judge

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


def test_where_cells_bring_names_that_they_do_not_say_an_unknown_name_is_asked() -> None:
    assert judge("print(x.mean())", "python", cells=["y = 1"]) == "read"
    assert judge("print(x.mean())", "python", cells=["from lib import *"]) == "ask"
    assert judge("print(y)", "python", cells=["from lib import *\ny = 1"]) == "read"


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


def test_a_name_that_a_cell_gave_another_meaning_is_on_no_list() -> None:
    assert judge("print(1)", "python", {"print"}) == "ask"
    assert judge("ls", "bash", {"ls"}) == "ask"


@pytest.mark.parametrize(
    "source", ["ls", "cat notes.md", "head -5 data/a.csv\nwc -l data/a.csv", "# look\npwd", "date -u +%F"]
)
def test_a_shell_that_only_looks_inside_is_read(source: str) -> None:
    assert judge(source, "bash") == "read"


@pytest.mark.parametrize(
    "source",
    [
        "rm -rf x", "ls; rm x", "cat /etc/passwd", "cat ~/.ssh/id_rsa", "cat ../x", "cat .git/config", "ls > x", "$(x)",
        "ls | sh", "cat a && b", "git push", "ls `x`", "", "python x.py", "cat 'a\nb'", "ls\\\nrm x", "cat a/../../b",
        "echo *", "date -s 1", "date 1127",
    ],
)  # fmt: skip
def test_any_other_shell_is_asked(source: str) -> None:
    assert judge(source, "bash") == "ask"


def test_another_language_is_asked() -> None:
    assert judge("1 + 1", "julia") == "ask"
