"""What a cell could do is read off its code, and whatever is not on the list is asked about."""

import pytest

from nozzle.document.risk import judge


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
        "import numpy as np\nm = np.ones((2, 2))\nprint(m.sum())", "x.append(3)", "for i in range(3):\n    t += i",
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
