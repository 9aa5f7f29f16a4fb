"""What is known of one run beyond its text: how long, what it read, where it reached. Kept in a step's trailers.

These change from run to run; in the text they would make a diff of nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from nozzle.document.entry import Cell


@dataclass(frozen=True, slots=True)
class Facts:
    status: str
    seconds: float | None = None
    """None: it is not known how long, nor where the run reached."""
    memory: int = 0
    """Peak resident bytes."""
    reads: Mapping[str, str] = field(default_factory=dict)
    """Path from the root -> digest of its content when the cell had run."""
    effects: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Names that it made or changed, and what they were."""

    @property
    def ran(self) -> bool:
        """Whether its run is known, and not only what its output was made from."""
        return self.seconds is not None


def to_trailers(cell: Cell, facts: Facts) -> dict[str, str]:
    """The `Nozzle-*` trailers of a step, without their prefix."""
    found = {
        "Cell": cell.chain,
        "Source": cell.digest,
        "Status": facts.status,
        "Seconds": "" if facts.seconds is None else f"{facts.seconds:.3f}",
        "Memory": str(facts.memory),
        "Reads": _pairs(facts.reads),
        "Effects": " ".join(quote(effect, safe=":/") for effect in facts.effects),
        "Packages": _pairs(facts.packages),
        "Names": _pairs(facts.names),
    }
    return {key: value for key, value in found.items() if value}


def from_trailers(trailers: Mapping[str, str]) -> Facts:
    """What `to_trailers` wrote; what is missing or odd counts as nothing."""
    return Facts(
        trailers.get("Status", ""),
        _number(trailers["Seconds"]) if "Seconds" in trailers else None,
        int(_number(trailers.get("Memory", ""))),
        _mapping(trailers.get("Reads", "")),
        tuple(unquote(effect) for effect in trailers.get("Effects", "").split()),
        _mapping(trailers.get("Packages", "")),
        _mapping(trailers.get("Names", "")),
    )


def _pairs(values: Mapping[str, str]) -> str:
    return " ".join(f"{quote(key, safe='/')}={quote(value, safe='')}" for key, value in sorted(values.items()))


def _mapping(text: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in text.split())
    return {unquote(key): unquote(value) for key, _, value in pairs}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
