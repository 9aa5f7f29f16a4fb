"""A row of the performance table: a figure, what was measured, the goal, and whether it is met."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contest import Race, Spread

TITLES = ("figure", "what", "ours", "theirs", "median", "least", "p90", "cpu", "goal", "")
WIDTHS = (11, 46, 10, 26, 9, 9, 9, 7, 9, 0)


@dataclass(frozen=True, slots=True)
class Row:
    figure: str
    what: str
    value: Spread | None = None
    """Of the ratios ours / theirs; of an absolute figure, of its values."""
    unit: str = "x"
    goal: float | None = None
    """The most that the median may be."""
    ours: str = ""
    theirs: str = ""
    noisy: bool = False
    why: str = ""
    """Why there is no number; it begins with `skipped` or `void`."""
    load: tuple[float, float] | None = None
    """One-minute load before and after."""
    cpu: tuple[float, float] | None = None
    """Median user and system seconds of ours and theirs: less moved by what else the machine does."""
    notes: Sequence[str] = field(default=())

    @property
    def verdict(self) -> str:
        if self.why:
            return self.why
        if self.value is None or self.goal is None:
            met = "no goal"
        else:
            met = "met" if self.value.median <= self.goal else "MISSED"
        return met + (", noisy" if self.noisy else "")

    def line(self) -> str:
        if self.value is None:
            return f"{self.figure:{WIDTHS[0]}} {self.what:{WIDTHS[1]}} {self.why}"
        numbers = [shown(number, self.unit) for number in (self.value.median, self.value.least, self.value.p90)]
        goal = "" if self.goal is None else f"<= {shown(self.goal, self.unit)}"
        worked = shown(self.cpu[0] / self.cpu[1], "x") if self.cpu and self.cpu[1] else ""
        return laid([self.figure, self.what, self.ours, self.theirs, *numbers, worked, goal, self.verdict])


def head() -> str:
    return laid(TITLES) + "\n" + laid(["-" * (width or 12) for width in WIDTHS])


def laid(fields: Sequence[str]) -> str:
    """Fields in columns: words to the left, numbers to the right."""
    return " ".join(
        text.rjust(width) if 4 <= at <= 8 or at == 2 else text.ljust(width)
        for at, (text, width) in enumerate(zip(fields, WIDTHS, strict=True))
    ).rstrip()


def shown(number: float, unit: str) -> str:
    if unit == "x":
        return f"{number:.{4 if number < 0.01 else 3 if number < 0.2 else 2}f}x"
    return f"{number:.2f}{' ' if unit else ''}{unit}" if unit else f"{number:.0f}"


def took(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def raced(figure: str, what: str, race: Race, theirs: str, goal: float | None = None, **more: object) -> Row:
    """The row of a race; `theirs` names the other arm."""
    mine = Spread.of([each.seconds for each in race.ours]).median
    other = Spread.of([each.seconds for each in race.theirs]).median
    cpu = (Spread.of([each.cpu for each in race.ours]).median, Spread.of([each.cpu for each in race.theirs]).median)
    return Row(
        figure, what, Spread.of(race.ratios), "x", goal, took(mine), f"{theirs} {took(other)}", race.noisy,
        load=race.load, cpu=cpu, **more,
    )  # type: ignore[arg-type]  # fmt: skip
