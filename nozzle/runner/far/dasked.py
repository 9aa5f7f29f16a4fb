"""Carries bytes between here and a Python that a Dask worker starts, as ssh does: one task, two queues.

    python dasked.py HOST:PORT PROGRAM    # the task runs `python -c PROGRAM`; without PROGRAM: are there workers?

Which worker, and when, is Dask's to say. The task is never run twice: where its worker is lost, the line has dropped.
Runs as a script, so that what goes to the worker goes whole and needs nothing of nozzle there.
"""

import os
import subprocess
import sys
import tempfile
import threading
import uuid
from typing import Any

PATIENCE = 5
"""Seconds that a scheduler gets to answer."""
LOOK = 1.0
"""Seconds after which each side looks whether the other is still there."""
MOST = 1 << 20
"""Bytes of one message."""


def hold(name: str, program: str) -> None:
    """On the worker: a Python, its input out of one queue, its output into the other, until either ends."""
    import contextlib

    from distributed import Queue, get_client, get_worker

    client, worker = get_client(), get_worker()
    there, back = Queue(f"{name}-there", client=client), Queue(f"{name}-back", client=client)
    back.put(worker.address)
    errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the program has ended)
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
    )
    assert child.stdin is not None
    assert child.stdout is not None
    said = child.stdout.fileno()

    def answer() -> None:
        while data := os.read(said, MOST):
            back.put(data)

    listening = threading.Thread(target=answer, daemon=True)
    listening.start()
    while child.poll() is None:
        state = getattr(worker.state.tasks.get(name), "state", "gone")
        if state not in ("executing", "long-running"):  # nobody wants it any more
            break
        with contextlib.suppress(TimeoutError):
            data = there.get(timeout=LOOK)
            if not data:
                break
            with contextlib.suppress(OSError):
                child.stdin.write(data)
                child.stdin.flush()
    with contextlib.suppress(OSError):
        child.stdin.close()
    status = child.wait()
    listening.join()
    with errors:
        errors.seek(0)
        rows = errors.read().decode("utf-8", "replace").strip().splitlines()
    with contextlib.suppress(Exception):  # when the client has gone, there is nobody to tell
        back.put([status, *rows[-1:]])


def main(address: str, program: str = "") -> int:
    from distributed import Client

    try:
        client = Client(f"tcp://{address}", timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        return _failed(f"no Dask scheduler answers at {address} ({str(error).splitlines()[0]})")
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            return _failed(f"the Dask scheduler at {address} has no workers")
        return _carried(client, program) if program else 0


def _carried(client: Any, program: str) -> int:
    from distributed import Queue

    name = f"nozzle-{uuid.uuid4().hex}"
    there, back = Queue(f"{name}-there", client=client), Queue(f"{name}-back", client=client)
    task = client.submit(hold, name, program, key=name, pure=False, retries=0)
    hearing = threading.Thread(target=_hear, args=(there,), daemon=True)
    hearing.start()
    worker = ""
    while True:
        try:
            data = back.get(timeout=LOOK)
        except TimeoutError:
            if worker and worker not in client.scheduler_info(n_workers=-1)["workers"]:
                return _failed("the Dask worker was lost")
            if task.status in ("error", "cancelled", "lost"):
                return _failed(f"Dask says that the task is {task.status}: {_why(task)}")
            continue
        if isinstance(data, str):
            if worker:  # Dask began it again, elsewhere
                return _failed("the Dask worker was lost")
            worker = data
        elif isinstance(data, list | tuple):
            status, *said = data
            return _failed(*said) if status and said else int(status)
        else:
            _write(data)


def _why(task: Any) -> str:
    return str(task.exception()) if task.status == "error" else ""


def _hear(there: Any) -> None:
    """What is said here goes there; an empty message is the end."""
    while data := os.read(0, MOST):
        there.put(data)
    there.put(b"")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _failed(why: str) -> int:
    sys.stderr.write(why + "\n")
    return 1


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # no thread of a library is waited for
