"""What is admissible: a file per family, each a table of operations with their meaning, their lowering, their error."""

from nozzle.aot.ops import bfloat as bfloat
from nozzle.aot.ops import create, elementwise, index, linear, product, reduce, scan, shape, transcendental
from nozzle.aot.ops.op import FAMILY, FUNCTIONS, METHODS, OPS, Op

__all__ = ["FAMILY", "FUNCTIONS", "METHODS", "OPS", "Op", "table"]
FAMILIES = (elementwise, transcendental, reduce, scan, product, linear, index, shape, create)
for _function in linear.INLINED:
    FAMILY[f"np.{'linalg.' * ('linalg' in _function.__module__)}{_function.__name__}"] = linear.FAMILY


def table() -> str:
    """The functions that a compiled function may call, and how far floats may differ, as a Markdown table."""
    rows = ["| family | admissible | floats differ by at most |", "|---|---|---|"]
    for module in FAMILIES:
        names = sorted(name for name, family in FAMILY.items() if family == module.FAMILY)
        listed = ", ".join(f"`{name}`" for name in names)
        inlined = "what its sums do" if module is linear else ""
        rows.append(f"| {module.FAMILY} | {listed} | {inlined or _bounds(module.FAMILY)} |")
    return "\n".join(rows)


def _bounds(family: str) -> str:
    """How far floats may differ that operations of a family make: most of them first, then each by its name."""
    found: dict[str, list[str]] = {}
    for op in OPS.values():
        if op.family == family and f"np.{op.name}" in FAMILY:
            found.setdefault(op.bound or "not a bit", []).append(op.name)
    usual, *others = sorted(found, key=lambda bound: -len(found[bound])) or ["not a bit"]
    return "; ".join([usual, *(f"{', '.join(f'`{name}`' for name in found[bound])}: {bound}" for bound in others)])
