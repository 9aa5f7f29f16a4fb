"""How a cell is named to a reader: by its label, else by the first words of its code, as a link that leads there."""

import re

from nozzle.document.entry import SHOWN, Cell


def link(cell: Cell) -> str:
    """`[sum](#sum)`, or by digest for a cell without a label."""
    if cell.label:
        return f"[{cell.label}](#{cell.label})"
    return f"[`{title(cell)}`](#cell-{cell.chain[:SHOWN]})"


def title(cell: Cell) -> str:
    return re.sub(r"[`\[\]]", "", cell.title)[:50]


def code(text: str) -> str:
    """Text as inline code: on one line, whatever is in it."""
    text = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""
