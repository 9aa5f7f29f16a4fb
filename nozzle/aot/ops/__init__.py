"""What is admissible: a file per family, each a table of operations with their meaning, their lowering, their error."""

from nozzle.aot.ops import bfloat as bfloat
from nozzle.aot.ops import create, elementwise, index, linear, product, reduce, scan, shape, transcendental
from nozzle.aot.ops.op import FAMILY, FUNCTIONS, METHODS, OPS, Op

__all__ = ["FAMILY", "FUNCTIONS", "METHODS", "OPS", "Op", "table"]
FAMILIES = (elementwise, transcendental, reduce, scan, product, linear, index, shape, create)
for _function in linear.INLINED:
    FAMILY[f"np.{'linalg.' * ('linalg' in _function.__module__)}{_function.__name__}"] = linear.FAMILY


def table() -> str:
    """The functions that a compiled function may call, by family, as a Markdown table."""
    rows = ["| family | admissible |", "|---|---|"]
    for module in FAMILIES:
        names = sorted(name for name, family in FAMILY.items() if family == module.FAMILY)
        rows.append(f"| {module.FAMILY} | " + ", ".join(f"`{name}`" for name in names) + " |")
    return "\n".join(rows)
