"""Code is loaded only where this user made it, whole; what is anybody else's is made anew."""

import subprocess
import sys
import time

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import cache, mlir, seal
from tests.aot.conftest import needs_mlir

V = np.linspace(0, 1, 5)


def twice(x):
    return x * 2 + 1


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A cache and a user of their own."""

    def clear():
        for one in (cache.folder, cache.passing, seal.key, seal.lasting):
            one.cache_clear()

    monkeypatch.setenv("NOZZLE_AOT_CACHE", str(tmp_path / "aot"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    clear()
    yield tmp_path
    clear()


def made():
    """The native form of a function that nobody has compiled in this process, and the file it is from."""
    compiled = aot.compile(twice, wait=True)
    assert np.array_equal(compiled(V), twice(V))
    ((special,),) = compiled.specials.values()
    assert special.native is not None, special.said
    return special.details["library"], special.details["warm"]


def put(path, data):
    """Another file in its place: the one that was loaded stays as it is."""
    path.unlink()
    path.write_bytes(data)


@needs_mlir
def test_what_somebody_else_made_is_not_loaded(fresh):
    path, _ = made()
    assert made() == (path, True)
    put(path, b"theirs")
    assert made() == (path, False)
    put(path, b"theirs")
    mlir.beside(path).write_text(mlir.seal(b"another key", path.name, b"theirs"))
    assert made() == (path, False)
    assert made() == (path, True)


@needs_mlir
def test_what_was_cut_short_is_made_anew(fresh):
    path, _ = made()
    put(path, path.read_bytes()[:3000])
    assert made() == (path, False)


@needs_mlir
def test_where_no_key_can_be_kept_native_code_lives_as_long_as_the_process(fresh):
    (fresh / "mine").write_text("a file where a folder should be")
    path, warm = made()
    assert not warm
    assert not (fresh / "aot").exists()
    assert made() == (path, True)


@needs_mlir
def test_where_nothing_may_be_written_native_code_is_made_elsewhere(fresh):
    (fresh / "aot").write_text("no folder")
    assert made()[0].parent == cache.passing()


def test_a_key_that_others_can_read_is_none(fresh):
    assert len(seal.lasting()) == seal.SIZE
    (fresh / "mine" / "nozzle" / "aot.key").chmod(0o644)
    seal.lasting.cache_clear()
    assert seal.lasting() == b""


PROGRAM = """
import numpy as np
from nozzle import aot

@aot.compile
def f(x):
    return np.exp(x) * 2

f(np.ones(3))
"""


@needs_mlir
def test_a_program_that_ends_at_once_says_nothing_and_leaves_the_next_one_warm(fresh):
    (fresh / "short.py").write_text(PROGRAM)
    done = subprocess.run([sys.executable, fresh / "short.py"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    until = time.monotonic() + 60
    while not list((fresh / "aot").glob("*.seal")):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not [path for path in (fresh / "aot").glob("*.so") if not seal.fits(path)]
