"""However a kernel or its host ends, no process is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kernel_bench import Bench, until

LEFT = [
    ("import subprocess; print(subprocess.Popen(['sleep', '1000']).pid)", "python"),
    ("import subprocess; print(subprocess.Popen(['sleep', '1000'], start_new_session=True).pid)", "python"),
    ("!setsid sleep 1000 & echo $!", "python"),
    ("import os\nif os.fork() == 0:\n    os.setsid(); print(os.getpid())\n    import time; time.sleep(1000)", "python"),
    ("sleep 1000 & echo $!", "bash"),
    ("(setsid sleep 1000 & echo $!)", "bash"),
]


def gone(pid: int) -> bool:
    """Ended; a zombie waits only for its parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(("source", "language"), LEFT)
def test_closing_leaves_no_process(bench: Bench, source: str, language: str) -> None:
    bench.run(source, language=language)
    pids = [int(bench.stdout or until(bench.session.drain)[0].text)]
    pids += [kernel.process.pid for kernel in bench.session.live.kernels.values()]
    assert not any(map(gone, pids))
    bench.session.close()
    assert until(lambda: all(map(gone, pids)))


def test_a_dead_kernel_takes_its_children_along(bench: Bench) -> None:
    bench.run("import os, subprocess; print(subprocess.Popen(['sleep', '1000']).pid, flush=True); os._exit(1)")
    assert until(lambda: gone(int(bench.stdout)))


HOST = """
import sys
from pathlib import Path
from nozzle.runner import Job, Session, find_interpreter
folder = Path(sys.argv[1])
session = Session(folder, find_interpreter(folder), root=folder)
for language, source in (("python", sys.argv[2]), ("bash", "sleep 1000 & echo $! $$")):
    job = Job(language, source, language)
    session.live.at = ""
    for event in session.run([job]) if language == "python" else session._cell(job):
        if hasattr(event, "text"):
            print(event.text, end=" ", flush=True)
            if "busy" in event.text:
                break
print("ready", flush=True)
sys.stdin.read()
"""
PIDS = "import os, subprocess; print(os.getpid(), subprocess.Popen(['setsid', 'sleep', '1000']).pid)\n"


@pytest.mark.parametrize("busy", ["", "while True: pass"])
def test_a_killed_host_takes_all_along(tmp_path: Path, busy: str) -> None:
    command = [sys.executable, "-c", HOST, str(tmp_path), PIDS + busy]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        words = ""
        while "ready" not in words and (not busy or len(words.split()) < 2):
            words += host.stdout.readline()
        pids = [int(word) for word in words.split() if word.isdigit()]
        assert len(pids) >= 2
        assert not any(map(gone, pids))
        os.kill(host.pid, signal.SIGKILL)
        assert until(lambda: all(map(gone, pids)))
