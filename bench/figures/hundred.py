"""A hundred trivial cells, as an entry, as a notebook, as jobs; and what they print."""

import json
from collections.abc import Mapping

COUNT = 100


def sources(edits: Mapping[int, str] | None = None) -> list[str]:
    """The code of each cell, some of them edited."""
    return [(edits or {}).get(at, f"print({at} * {at})") for at in range(COUNT)]


def printed(edits: Mapping[int, str] | None = None) -> list[str]:
    """What each prints; an edited one prints its last number."""
    plain = [str(at * at) for at in range(COUNT)]
    for at, source in (edits or {}).items():
        plain[at] = source.removeprefix("print(").removesuffix(")")
    return plain


def entry(edits: Mapping[int, str] | None = None) -> str:
    cells = (f"Cell {at}.\n\n```{{code-cell}} python\n{code}\n```\n" for at, code in enumerate(sources(edits)))
    return "---\ntitle: A hundred\n---\n\n" + "\n".join(cells)


def notebook(edits: Mapping[int, str] | None = None) -> str:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{at}",
            "metadata": {},
            "source": code,
            "outputs": [],
            "execution_count": None,
        }
        for at, code in enumerate(sources(edits))
    ]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": spec, "cells": cells})


def shown(text: str) -> list[str]:
    """What stands under each cell of an entry, where it is fresh; an empty string where it is not."""
    from nozzle.document.entry import Entry

    slots = Entry(text).slots
    return ["\n".join(slot.output.body[1:-1]) if slot.fresh and slot.output else "" for slot in slots]
