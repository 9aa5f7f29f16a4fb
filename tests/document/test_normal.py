"""Tidying a cell keeps its form; whatever changes what it means changes the form, under every Python."""

import ast
import hashlib
import json
import random
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from nozzle.document.normal import python_form

FORMS = Path(__file__).with_name("python_forms.json")
ROOT = Path(__file__).parents[2]

CHECK = """
import hashlib, json, pathlib, sys
from nozzle.document.normal import python_form
for source, digest in json.loads(pathlib.Path(sys.argv[1]).read_bytes()):
    form = python_form(source).encode("utf-8", "surrogatepass")
    assert hashlib.sha256(form).hexdigest()[:12] == digest, source
print("%d.%d" % sys.version_info[:2])
"""

SNIPPETS = [
    '''def f(a, b=1, *c, **d) -> int:
    """Doc.

      deep
    """
    if a<b and not c:
\treturn a
    return {1:2, "k": [x for x in range(3) if x!=2]}  # end
''',
    """x = f"{a!r:>{w}} {{b}} {d['k']:%H:%M} {x = }"
y = rb'\\x' b"z" u'q' Rf"\\{a}"
z = f'''{a
  + b}'''
""",
    """class A(B, metaclass=M):
    x: int = 0x1F; y = 1_000.5e-3j
    @property
    async def g(self):
        await self.h(*a, k=3, **b)
        for i in y: pass
        else:
            yield i
""",
    """with open("a") as f, \\
     open('b') as g:
    match x:
        case {"a": [1, *_]} | None: ...
        case _ if (n := 3) > 2: print(lambda a, /, b, *, c: a if b else c)
try:
    a[1:2, ::3] @= b ** -c // 2 >> 1
except* (E, F) as e: raise X from e
finally: del a; global_ = ~a ^ b & c | d
""",
    """a = (1,
     # note
     2)
b = [ "x" "y",
  f"{'a' if b else "c"}" ]
print(a, b);
""",
    "if x:\n  y\n  z\nelse:\n    w\n",
    's = """a\n\n  b  \n"""  \n\n\n# c\nt = 1\\\n+2\n',
    "a = b\nc = d % e\nf(x)\n",
]
MARKS = """\
 |  |\t|#c|# |"|'|\"\"\"|\\|{|}|(|)|[|]|:|;|.|1|a|f"|f'{|=|!|?|%|*|-|<|>|0x|_|e|\x0c|\r|\u2028|é|r|t"|{{|}}|!r|,|@|/f
... |%x|!ls|?|>>> |In [1]: |= %x|= !x|;f|,f|%%x"""
MARKED = [*MARKS.replace("\n", "|").split("|"), "\n", "\n ", "\n\t", "\\\n", "#c\n"]


def meaning(source: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(source))
        except (SyntaxError, ValueError):
            return "an error"


def meaning_to_ipython(source: str, ipython: TransformerManager) -> str:
    try:
        return meaning(ipython.transform_cell(source))
    except SyntaxError:
        return "an error"


def damaged(chance: random.Random) -> str:
    """A snippet with up to three marks put in, pieces cut out or copied elsewhere."""
    text = chance.choice(SNIPPETS)
    for _ in range(chance.choice([1, 1, 2, 3])):
        at, other = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        kind = chance.random()
        if kind < 0.6:
            text = text[:at] + chance.choice(MARKED) + text[at:]
        elif kind < 0.85:
            text = text[:at] + text[at + chance.randint(1, 3) :]
        else:
            text = text[:at] + text[other : other + chance.randint(1, 6)] + text[at:]
    return text


def interpreters() -> list[str]:
    """Other Pythons on this machine."""
    homes = sorted(Path.home().glob(".pyenv/versions/3.1[1-9].*/bin/python"))
    return [
        *filter(None, map(shutil.which, ("python3.11", "python3.12", "python3.13", "python3.14"))),
        *map(str, homes),
    ]


def test_the_forms_are_those_that_were_pinned() -> None:
    for source, digest in json.loads(FORMS.read_text(encoding="utf-8")):
        assert hashlib.sha256(python_form(source).encode("utf-8", "surrogatepass")).hexdigest()[:12] == digest, source


def test_the_forms_are_the_same_under_other_pythons() -> None:
    ran = 0
    for python in interpreters():
        done = subprocess.run([python, "-c", CHECK, FORMS], cwd=ROOT, capture_output=True, text=True)
        started = not done.returncode or "AssertionError" in done.stderr
        assert not started or done.returncode == 0, f"{python}: {done.stderr}"
        ran += started
    if not ran:
        pytest.skip("there is no other Python on this machine")


def test_a_form_means_what_its_source_means() -> None:
    """So two sources with one form mean the same."""
    chance = random.Random(1)
    formed = 0
    for _ in range(6000):
        source = damaged(chance)
        form = python_form(source)
        if not form.startswith("raw:"):
            formed += 1
            assert meaning(form) == meaning(source), source
    assert formed > 1500


def test_a_form_means_to_ipython_what_its_source_means() -> None:
    """Magics, prompts and questions, wherever they come to stand."""
    chance, ipython = random.Random(2), TransformerManager()
    for _ in range(1200):
        source = damaged(chance)
        form = python_form(source)
        if not form.startswith("raw:"):
            assert meaning_to_ipython(form, ipython) == meaning_to_ipython(source, ipython), source


def test_the_standard_library_has_forms_that_mean_the_same() -> None:
    formed = 0
    for name in ("ast", "dataclasses", "shutil", "tempfile", "tokenize", "json/decoder", "re/_parser", "typing"):
        source = (Path(ast.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
        form = python_form(source)
        if not form.startswith("raw:"):  # as it does where a docstring shows a prompt
            formed += 1
            assert meaning(form) == meaning(source)
            assert python_form(form) == form
    assert formed >= 4


@given(st.data())
def test_comments_blank_lines_and_spaces_between_tokens_change_nothing(data: st.DataObject) -> None:
    tokens = [
        ["x", "=", "(", "1", ",", "y", ")", "+", "-", "z"],
        ["if", "x", "<=", "'a  b'", ":"],
        ["", "f", "(", "x", ")"],
    ]
    space = st.sampled_from([" ", "  ", "\t", " \\\n "])
    above = st.sampled_from(["", "\n", "# note\n", "  # note\n", "\n\n"])
    text, depth = "", data.draw(st.sampled_from([" ", "    ", "\t"]))
    for number, line in enumerate(tokens):
        if number:
            text += data.draw(above)
        written = line[0] or depth + line[1]
        for token in line[1 if line[0] else 2 :]:
            written += data.draw(space) + token
        text += written + data.draw(st.sampled_from(["", " ", "  # why"])) + "\n"
    assert python_form(text) == "x = ( 1 , y ) + - z\nif x <= 'a  b' :\n f ( x )"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1;"),
        ("s = 'a  b'", "s = 'a b'"),
        ("s = '''a\n\nb'''", "s = '''a\nb'''"),
        ("f'{x = }'", "f'{x=}'"),
        ("if x:\n  y\n  z", "if x:\n  y\nz"),
        ("a\nb", "a; b"),
        ("x\n-y", "x-y"),
        ("1 .e5x", "1.e5x"),
        ("x = 1 \\\n", "x = 1"),
        ("f'{d[' ']}'", "f'{d['  ']}'"),
        ("%time  x", "%time x"),
        ("raw:int", "raw: int\n%x"),
    ],
)
def test_two_meanings_have_two_forms(one: str, other: str) -> None:
    assert python_form(one) != python_form(other)


@given(st.text(st.sampled_from("ab1 \n\t'\"{}()[]\\#:;f=%!?.,r\x0cé\ud800"), max_size=40))
def test_any_text_has_a_form(text: str) -> None:
    form = python_form(text)
    assert form.startswith("raw:") or python_form(form) == form


def test_a_deeply_nested_string_counts_raw() -> None:
    source = "f'{" * 500 + "x" + "}'" * 500
    assert python_form(source) == "raw:" + source
