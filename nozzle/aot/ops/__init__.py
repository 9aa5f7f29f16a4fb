"""What is admissible: a file per family, each a table of operations with their meaning, their lowering, their error."""

from nozzle.aot.ops import create, elementwise, index, product, reduce, scan, shape, transcendental
from nozzle.aot.ops.op import FAMILY, FUNCTIONS, METHODS, OPS, Op

__all__ = ["FAMILY", "FUNCTIONS", "METHODS", "OPS", "Op", "table"]
FAMILIES = (elementwise, transcendental, reduce, scan, product, index, shape, create)


def table() -> str:
    """The functions that a compiled function may call, by family, as a Markdown table."""
    rows = ["| family | admissible |", "|---|---|"]
    for module in FAMILIES:
        names = sorted(name for name, family in FAMILY.items() if family == module.FAMILY)
        rows.append(f"| {module.FAMILY} | " + ", ".join(f"`{name}`" for name in names) + " |")
    return "\n".join(rows)
