"""Execute a notebook with nbclient (in its own environment); print how long it took and what each cell printed."""

import json
import sys
import time

import nbformat
from nbclient import NotebookClient


def main() -> None:
    book = nbformat.read(sys.argv[1], as_version=4)
    start = time.perf_counter()
    NotebookClient(book, kernel_name="python3").execute()
    seconds = time.perf_counter() - start
    printed = ["".join(out.get("text", "") for out in cell.outputs).strip() for cell in book.cells]
    print(json.dumps({"seconds": seconds, "printed": printed}))


main()
