"""Cells in an ipykernel, without Kishu and with it (in its own environment), and then checkouts of it; prints what each
took and the states that the checkouts made.

    python kishued.py CELLS.json     # {"cells": [...], "to": [number of cells, ...], "probe": "an expression"}
"""

import json
import os
import sys
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

PATIENCE = 110


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text())
    os.environ["ENV_KISHU_TEST_MODE"] = "1"
    os.environ["HOME"] = os.getcwd()  # it keeps what it keeps there
    book = Path("kishu.ipynb").resolve()
    os.environ["TEST_NOTEBOOK_PATH"] = str(book)  # in place of asking a Jupyter server for it
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "source": each, "outputs": [], "execution_count": None}
        for at, each in enumerate(asked["cells"])
    ]
    book.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    plain, _, _ = ran(asked["cells"], [], asked["probe"], "")
    begin = f"from kishu.jupyterint import init_kishu; init_kishu({str(book)!r})"
    kept, checkouts, states = ran(asked["cells"], asked["to"], asked["probe"], begin)
    print(json.dumps({"plain": plain, "kept": kept, "checkouts": checkouts, "states": states}))


def ran(cells: list[str], to: list[int], probe: str, begin: str) -> tuple[float, list[float], list[str]]:
    """Seconds of all cells, and of each checkout; what the probe says after each."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        told(client, begin, silent=True)
        start = time.perf_counter()
        for cell in cells:
            told(client, cell)
        seconds, checkouts, states = time.perf_counter() - start, [], []
        for depth in to:
            start = time.perf_counter()
            told(client, "", silent=True, expression=f"_kishu.checkout('1:0:{depth}', skip_notebook=True)")
            checkouts.append(time.perf_counter() - start)
            states.append(told(client, "", silent=True, expression=probe))
        return seconds, checkouts, states
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def told(client, source: str, silent: bool = False, expression: str = "None") -> str:
    """What an expression is, after a cell."""
    asked = client.execute(source, silent=silent, user_expressions={"it": expression})
    while (reply := client.get_shell_msg(timeout=PATIENCE))["parent_header"].get("msg_id") != asked:
        pass
    content = reply["content"]
    found = content.get("user_expressions", {}).get("it", {})
    if content["status"] != "ok" or found.get("status") != "ok":
        sys.exit(f"{source or expression}: {content.get('evalue')} {found.get('evalue')}")
    return found["data"]["text/plain"]


main()
