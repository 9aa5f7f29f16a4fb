"""Print what jupyter-cache (in its own environment) holds as the outputs of a notebook."""

import json
import sys

import nbformat
from jupyter_cache import get_cache


def main() -> None:
    cache = get_cache(sys.argv[1])
    _, book = cache.merge_match_into_notebook(nbformat.read(sys.argv[2], as_version=4))
    print(json.dumps(["".join(out.get("text", "") for out in cell.outputs).strip() for cell in book.cells]))


main()
