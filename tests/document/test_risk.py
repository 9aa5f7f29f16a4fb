"""What a cell could do is read off its code, and whatever is not on the list is asked about."""

import pytest

from nozzle.document.risk import Ground, judge, weigh


@pytest.mark.parametrize(
    "source",
    [
        "print(sum(x) / len(x))", "x[0]", "[a for a in b if a > 1]", "read('notes.md')", "final_answer('done')",
        "f'{x:.2f}'", "sorted(d.items())", "x.shape", "(m @ n).mean()", "print('a'.join(str(i) for i in range(3)))",
    ],
)  # fmt: skip
def test_what_only_looks_is_read(source: str) -> None:
    assert judge(source, "python") == "read"


@pytest.mark.parametrize(
    "source",
    [
        "y = x + 1", "write('a.txt', 'b')", "edit('a.py', 'b', 'c')", "import math\nprint(math.pi)", "d['k'] = 1",
        "import numpy as np\nm = np.ones((2, 2))\nprint(m.sum())", "x = []\nx.append(3)",
        "for i in range(3):\n    t += i",
        "t = ' a '.strip().replace('a', 'b')", "d = {}\nd.get(1)\nd.setdefault(2, [])", "x = sorted(y)\nx.sort()",
    ],
)  # fmt: skip
def test_what_git_takes_back_is_reversible(source: str) -> None:
    assert judge(source, "python") == "reversible"


@pytest.mark.parametrize(
    "source",
    [
        "write('journal/entry.md', 'x')", "write(x, 'y')", "write('../x', '')", "edit('.git/config', 'a', 'b')",
        "import os", "open('a')", "open", "f = open", "eval('1')", "().__class__", "x.to_csv('a')", "fit(x)", "del x",
        "from math import *", "print = exec", "sum = open\nsum('a', 'w')", "sh('ls')", "search('x')", "getattr(x, 'y')",
        "import numpy as np\nnp.save('a', x)", "import math as m\nm = x\nm.anything()", "@print\ndef f(): pass",
        "with x: pass", "lambda: open('a')", "x.y = 1", "!rm -rf .", "%run a.py", "class A: pass", "while True: pass",
        "raise x", "try:\n    1\nexcept x:\n    2", "await x()", "(y := open)('a')", "[open][0]('a', 'w')",
        "sorted(x, key=fit)", "print(1, file=f)", "x = [sum for sum in y]", "from itertools import starmap",
        "__import__('os')",
        "read('../x')", "read('.env')", "read('data/.secret')", "read(x)", "read(path='.env')",
        "x.append(3)", "x.replace('a')", "x.copy()", "q.get()", "t.join()", "x = y\nx.append(1)", "db.insert(3)",
        "x = []\nx = y\nx.append(1)", "for x in y:\n    x.append(1)", "[x.append(1) for x in y]",
        "x = [y]\nx[0].get(1)",
        "x = []\n(x := y).append(1)", "x = a / b\nx.replace(c)", "x = []\nx += y\nx.append(1)",
        "print(file=x)\nexit()", "x.format_map(y)", "import numpy\nnumpy.ones.f()", "global x", "x = [print]\nx[0]()",
    ],
)  # fmt: skip
def test_everything_else_is_asked(source: str) -> None:
    assert judge(source, "python") == "ask"


@pytest.mark.parametrize(
    ("above", "source", "risk"),
    [
        ("import os", "os.replace('a', 'b')", "ask"),
        ("import os", "os.remove('a')", "ask"),
        ("import os", "os.path.join('a', 'b')", "ask"),
        ("import shutil as s", "s.copy('a', 'b')", "ask"),
        ("from pathlib import Path\np = Path('a')", "p.replace('b')", "ask"),
        ("from pathlib import Path\np = Path('a') / 'b'", "p.replace('c')", "ask"),
        ("import httpx", "httpx.get('http://x')", "ask"),
        ("import httpx as x", "x.sum(1)", "ask"),
        ("from a import b", "b.count()", "ask"),
        ("import numpy as np\nx = np.ones(3)", "print(np.sum(x), x.copy())", "read"),
        ("import numpy as np", "np.save('a', 1)", "ask"),
        ("words = 'a b'.split()\nseen = {}", "print(words.index('a'), seen.get('a'))", "read"),
        ("rows = []", "rows.append(1)", "reversible"),
        ("rows = []\nfrom a import *", "rows.append(1)", "ask"),
        ("rows = []\nexec('rows = 3')", "rows.append(1)", "ask"),
        ("rows = []\nwith open('a') as rows: pass", "rows.append(1)", "ask"),
        ("def f(rows): pass\nrows = []", "rows.append(1)", "ask"),
        ("rows = []\n%run a.py", "rows.append(1)", "ask"),
        ("%matplotlib inline\nrows = []", "rows.append(1)", "reversible"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df.mean()", "read"),
        ("import pandas as pd\ndf = pd.DataFrame()", "df.replace(1, 2)", "ask"),
    ],
)
def test_what_a_module_or_an_unknown_value_calls_by_a_harmless_name_is_asked(
    above: str, source: str, risk: str
) -> None:
    assert judge(source, "python", above=[above]) == risk


@pytest.mark.parametrize(
    ("path", "loose", "waits"),
    [
        ("made.bin", ("journal/made.bin",), True),
        ("_out/a.bin", ("journal/_out/",), True),
        ("a.txt", ("journal/made.bin", "journal/a.txt.bin"), False),
        ("a.txt", (".",), True),
    ],
)
def test_a_file_that_git_could_not_give_back_is_not_written_over_unasked(
    path: str, loose: tuple[str, ...], waits: bool
) -> None:
    for ground in (Ground("held", True, loose, (), "journal"), Ground("not held", False, loose, (), "journal")):
        risk, words = weigh(f"write('{path}', 'x')", "python", (), ground)
        assert (risk, path in words) == (("ask", True) if waits else ("reversible", False))


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
