"""Workers that stand ready with the usual imports done: what a cell does in one is what it would have done anyway."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import DisplayData
from nozzle.runner import Snapshots, beginnings
from nozzle.runner.kernel import Kernel

NAMES = ("numpy", "jinja2.sandbox")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Snapshots:
    monkeypatch.setattr(beginnings, "WORTH", 0.0)
    return Snapshots()


@pytest.fixture
def ready(opened: Callable[..., Bench], store: Snapshots) -> Callable[..., Bench]:
    """Opens benches in a place where workers stand ready."""
    opened(snapshots=store).session.prepare(NAMES)
    assert [names for names, _ in store.beginnings.rows()] == [NAMES[:1], NAMES]
    return lambda: opened(snapshots=store)


def test_the_first_cell_of_an_entry_finds_its_imports_done(ready: Callable[..., Bench]) -> None:
    bench = ready()
    finished = bench.run("import numpy as np, jinja2.sandbox as box\nprint(np.arange(3).sum(), box.__name__)")
    assert (finished.status, bench.stdout) == ("ok", "3 jinja2.sandbox\n")
    assert {"numpy", "jinja2"} <= {*finished.packages}
    bench = ready()
    bench.run("import numpy, sys\nprint('numpy.linalg' in sys.modules)\nimport numpy as again\nprint(again is numpy)")
    assert bench.stdout == "True\nTrue\n"


def test_packages_are_named_as_importlib_names_them() -> None:
    from importlib import metadata

    from nozzle.runner.worker.packages import Packages, _canonical

    packages, owners = Packages(), metadata.packages_distributions()
    asked = [top for top in owners if top.isidentifier()][::5]
    assert len(asked) > 10
    for top in asked:
        named = {_canonical(name) for name in owners[top]}
        found = {*map(_canonical, packages._owners(top))}
        assert named <= found, top
        assert found <= named or top.startswith("_"), top


def test_it_was_loaded_by_another_process(
    opened: Callable[..., Bench], store: Snapshots, library: Callable[[str], str]
) -> None:
    name = library("import os; loader = os.getpid()")
    opened(snapshots=store).session.prepare([name])
    bench, source = opened(snapshots=store), f"import {name} as it, os\nprint(it.loader == os.getpid())"
    bench.run(source)
    assert bench.stdout == "False\n"
    store.clear()
    bench = opened(snapshots=store)
    bench.run(source)
    assert bench.stdout == "True\n"


def test_nothing_of_it_is_seen_by_who_imports_something_else(ready: Callable[..., Bench]) -> None:
    for source in (
        "import sys; print('numpy' in sys.modules)",
        "import os; os.environ['OMP_NUM_THREADS'] = '1'\nimport sys\nprint('numpy' in sys.modules)\nimport numpy",
        "import sys\nprint('jinja2' in sys.modules, 'numpy' in sys.modules)\nimport numpy, jinja2.sandbox",
    ):
        bench = ready()
        bench.run(source)
        assert bench.stdout.split() == ["False"] * len(bench.stdout.split()), source
    bench = ready()
    bench.run("import numpy, sys\nprint('jinja2' in sys.modules)")
    assert bench.stdout == "False\n"


def test_two_kernels_draw_different_random_numbers(ready: Callable[..., Bench]) -> None:
    drawn = set()
    for _ in range(2):
        bench = ready()
        bench.run(
            "import numpy as np, random\nprint(random.random(), np.random.rand(), np.random.default_rng().random())"
        )
        drawn |= {*bench.stdout.split()}
    assert len(drawn) == 6


def test_a_figure_is_shown(opened: Callable[..., Bench], store: Snapshots) -> None:
    source = "import numpy as np\nimport matplotlib.pyplot as plt\nplt.plot(np.arange(3)); plt.show()"
    opened(snapshots=None).run(source)  # it may write down which fonts there are, and then does more than load
    opened(snapshots=store).session.prepare(["numpy", "matplotlib.pyplot"])
    assert len(store.beginnings.rows()) == 2
    bench = opened(snapshots=store)
    bench.run(source)
    assert any("image/png" in event.data for event in bench.of(DisplayData)), bench.events


def test_a_module_beside_the_entry_is_the_cells(ready: Callable[..., Bench]) -> None:
    bench = ready()
    (bench.folder / "numpy.py").write_text("mine = 1\n")
    bench.run("import numpy\nprint(numpy.mine)")
    assert bench.stdout == "1\n"


def test_a_library_that_was_changed_is_read_anew(ready: Callable[..., Bench], store: Snapshots) -> None:
    import numpy

    bench = ready()
    place = bench.session.live.place
    assert store.beginnings.ready(place, ("numpy",)) is not None
    file = Path(numpy.__file__)
    before = file.stat()
    try:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        assert store.beginnings.ready(place, ("numpy",)) is None
    finally:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_settings_of_a_library_in_the_folder_are_read(ready: Callable[..., Bench]) -> None:
    bench = ready()
    (bench.folder / "matplotlibrc").write_text("lines.linewidth: 7\n")
    bench.run("import matplotlib.pyplot as plt\nprint(plt.rcParams['lines.linewidth'])")
    assert bench.stdout == "7.0\n"


@pytest.mark.parametrize(
    "body",
    [
        "print('welcome')",
        "import os; os.system('true')",
        "open('made.txt', 'w').write('x')",
        "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "raise RuntimeError",
    ],
)
def test_a_library_that_does_more_than_load_is_left_to_the_cell(
    opened: Callable[..., Bench], store: Snapshots, library: Callable[[str], str], body: str
) -> None:
    name = library(body)
    opened(snapshots=store).session.prepare([name])
    assert store.beginnings.rows() == []


@pytest.fixture
def library() -> Iterator[Callable[[str], str]]:
    """Installs a library with this body, and gives its name."""
    name = f"nozzle_test_library_{os.getpid()}"
    site = Path(next(path for path in sys.path if path.endswith("site-packages")))
    folder = site / name

    def install(body: str) -> str:
        folder.mkdir()
        (folder / "__init__.py").write_text(body)
        return name

    yield install
    shutil.rmtree(folder)


def test_a_module_of_ones_own_is_never_loaded_before(opened: Callable[..., Bench], store: Snapshots) -> None:
    bench = opened(snapshots=store)
    (bench.folder / "mine.py").write_text("import numpy\n")
    bench.session.prepare(["mine", "numpy"])
    assert store.beginnings.rows() == []


def test_an_agents_cell_begins_bare(ready: Callable[..., Bench]) -> None:
    bench = ready()
    finished = bench.run("import numpy as np\nprint(np.ones(2).sum())", confined=True)
    assert finished.status == "ok", finished.cause


def test_what_is_given_up_meanwhile_is_not_prepared_after_all(opened: Callable[..., Bench], store: Snapshots) -> None:
    live = opened(snapshots=store).session.live

    def begin_and_give_up() -> Kernel:
        kernel = live._bare(store)
        store.clear()
        return kernel

    store.beginnings.prepare(live.place, NAMES, begin_and_give_up)
    assert store.beginnings.rows() == []


def test_of_two_who_prepare_the_later_is_right(opened: Callable[..., Bench], store: Snapshots) -> None:
    first, second = opened(snapshots=store).session, opened(snapshots=store).session

    def begin_after_another() -> Kernel:
        second.prepare(NAMES[:1])
        return first.live._bare(store)

    store.beginnings.prepare(first.live.place, NAMES[1:], begin_after_another)
    assert [names for names, _ in store.beginnings.rows()] == [NAMES[:1]]
