"""nozzle run --on dask://…: a real cluster on this machine, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry

pytest.importorskip("distributed")
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(240)]
CLUSTER = """
import sys, dask
from distributed import LocalCluster
dask.config.set({"distributed.worker.daemon": False})
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, *(each.pid for each in cluster.workers.values()), flush=True)
        sys.stdin.read()
"""


@dataclass
class Cluster:
    address: str
    workers: list[int]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "cluster.py").write_text(CLUSTER)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "cluster.py"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, env={**os.environ, "ON_THE_WORKER": "yes", "XDG_CACHE_HOME": str(folder / "cache")},
        )  # fmt: skip
    assert process.stdout is not None
    try:
        said = process.stdout.readline().split()
        assert said, (folder / "log").read_text()
        yield Cluster(said[0].replace("tcp://", "dask://"), list(map(int, said[1:])))
    finally:
        process.communicate("")


def test_the_due_cells_of_each_entry_are_a_task(say: Say, folder: Path, cluster: Cluster) -> None:
    where = "import os\nx = 20\nprint(os.environ.get('ON_THE_WORKER'), os.environ['PYTHONHASHSEED'])"
    for name in "abc":  # one more than there are workers: it waits its turn
        entry(folder, cell(where) + "\n" + cell("echo from bash", "bash") + "\n" + cell("x + 1"), f"journal/{name}.md")
    said = say("run", "--on", cluster.address)
    assert said.status == 0, said.out
    for name in "abc":
        text = (folder / "journal" / f"{name}.md").read_text()
        assert "```text\nyes 0\n```" in text
        assert "```text\nfrom bash\n```" in text
        assert "```text\n21\n```" in text
    path = folder / "journal" / "a.md"
    before = path.read_text()
    assert say("run").status == 0
    assert path.read_text() == before, "where it ran changes nothing of what is due"
    path.write_text(before.replace("x + 1", "1 / 0"))
    assert say("run", "--on", cluster.address).status == 1
    assert "ZeroDivisionError" in path.read_text()


def test_a_thread_runs_in_its_own_folder(
    say: Say, folder: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(folder, cell("print('here')"))
    assert say("run").status == 0
    assert say("fork", "HEAD", "other").status == 0
    there = folder.parent / f"{folder.name}.threads" / "other"
    monkeypatch.chdir(there)
    path = there / "journal" / "entry.md"
    path.write_text(path.read_text() + "\n" + cell("open('made', 'w').write('x')"))
    assert say("run", "--on", cluster.address).status == 0
    assert (there / "journal" / "made").exists()
    assert not (folder / "journal" / "made").exists()


def test_a_worker_that_is_lost_is_told_and_the_cell_is_not_run_twice(
    say: Say, folder: Path, tmp_path: Path, cluster: Cluster
) -> None:
    source = f"import os\nopen({str(tmp_path / 'ran')!r}, 'a').write('x')\nprint('on', flush=True)\n"
    parent = "int(pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])"
    kill = "import pathlib, signal, time\npid = os.getpid()\nwhile pid not in WORKERS:\n"
    kill += f"    pid = {parent}\nos.kill(pid, signal.SIGKILL)\ntime.sleep(600)"
    path = entry(folder, cell(source + kill.replace("WORKERS", repr(cluster.workers))))
    said = say("run", "--on", cluster.address)
    assert said.status == 1
    assert "dropped; the cell's end is unknown" in " ".join(path.read_text().split())
    assert (tmp_path / "ran").read_text() == "x"


def test_an_entry_with_an_agents_cell_runs_here(say: Say, folder: Path, cluster: Cluster) -> None:
    agents = f"<!-- nozzle:cell v=1 id=123456789abc by=doer -->\n\n{cell('x = 1')}\n<!-- /nozzle -->\n"
    path = entry(folder, cell("import os\nprint(os.environ.get('ON_THE_WORKER'))") + "\n" + agents)
    said = say("run", "--on", cluster.address)
    assert "an agent's cell stands in it: its cells run here" in said.out
    assert "```text\nNone\n```" in path.read_text()


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        ("dask://127.0.0.1:1", 3, "no Dask scheduler answers at 127.0.0.1:1"),
        ("dask://127.0.0.1", 3, "names no Dask scheduler: dask://host:port does"),
        ("tcp://127.0.0.1:8786", 2, "cells can be sent to dask://scheduler:port, not to tcp://127.0.0.1:8786"),
    ],
)
def test_where_nothing_answers_nothing_runs(say: Say, folder: Path, address: str, status: int, why: str) -> None:
    path = entry(folder, cell("1"))
    said = say("run", "--on", address)
    assert (said.status, why in said.out) == (status, True), said.out
    assert path.read_text() == cell("1")
