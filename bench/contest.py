"""Two arms do the same work in one run, in shuffled order, and what is kept is the ratio of each repetition.

An arm times itself and hands back evidence; when the evidence of the two differs, or an arm fails or takes too long,
there is no number. It refuses to compare times of different runs, and to hide that the machine was busy: a control
(plain Python doing nothing) is timed beside every repetition.
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 120.0
"""Seconds after which a process of an arm is given up."""
CALM = 0.2
"""How much the control may move between the halves of a run before it counts as noisy."""


class Void(Exception):
    """An arm did not do the work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Took:
    """What one repetition of one arm cost, and the proof that the work was done."""

    seconds: float
    cpu: float = 0.0
    """User and system seconds, of this process and of those it waited for."""
    evidence: object = None


Arm = Callable[[int], Took]
"""Repetition -> what it took; setting up and cleaning up stay outside the clock."""
Check = Callable[[object, object], str]
"""Evidence of ours and of theirs -> why the two cannot be compared; empty when they can."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and ninetieth percentile."""

    median: float
    least: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)])


@dataclass(slots=True)
class Control:
    """Plain Python that does nothing: when this moves, the machine did."""

    seconds: list[float] = field(default_factory=list)

    def sample(self) -> float:
        self.seconds.append(process([sys.executable, "-c", "pass"]).seconds)
        return self.seconds[-1]

    def noisy(self, since: int) -> bool:
        """Whether it moved between the halves of what was sampled since."""
        taken = self.seconds[since:]
        half = len(taken) // 2
        if not half:
            return False
        first, second = statistics.median(taken[:half]), statistics.median(taken[-half:])
        return max(first, second) / min(first, second) > 1 + CALM


@dataclass(frozen=True, slots=True)
class Race:
    """What the repetitions of two arms took."""

    ours: list[Took]
    theirs: list[Took]
    noisy: bool
    load: tuple[float, float]

    @property
    def ratios(self) -> list[float]:
        return [mine.seconds / other.seconds for mine, other in zip(self.ours, self.theirs, strict=True)]


def race(ours: Arm, theirs: Arm, reps: int, control: Control, check: Check, *, warm: bool = True) -> Race:
    """Let two arms do the same work so often, each time in another order; raises Void when they did not."""
    chance, since, before = random.Random(reps), len(control.seconds), os.getloadavg()[0]
    taken: tuple[list[Took], list[Took]] = ([], [])
    control.sample()
    for rep in range(-1 if warm else 0, reps):
        pair: dict[int, Took] = {}
        for side in chance.sample((0, 1), 2):
            pair[side] = (ours, theirs)[side](rep)
            control.sample()
        if why := check(pair[0].evidence, pair[1].evidence):
            raise Void(why)
        if rep >= 0:
            taken[0].append(pair[0])
            taken[1].append(pair[1])
    control.sample()
    return Race(*taken, control.noisy(since), (before, os.getloadavg()[0]))


def same(ours: object, theirs: object) -> str:
    """The check that the evidence is equal."""
    return "" if ours == theirs else f"the arms did not do the same: {str(ours)[:60]!r} and {str(theirs)[:60]!r}"


def clocked(work: Callable[[], object]) -> Took:
    """Time a call; what it returns is the evidence."""
    cpu, start = _cpu(), time.perf_counter()
    evidence = work()
    return Took(time.perf_counter() - start, _cpu() - cpu, evidence)


def process(
    words: Sequence[str | Path],
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    given: str = "",
    patience: float = PATIENCE,
) -> Took:
    """Time a process from its start to its end; what it printed is the evidence."""
    cpu, start = _cpu(), time.perf_counter()
    try:
        done = subprocess.run(
            [str(word) for word in words], cwd=folder, env=env, input=given.encode(), capture_output=True,
            timeout=patience,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Void(f"{_named(words)} took longer than {patience:.0f} s") from None
    took = Took(time.perf_counter() - start, _cpu() - cpu, done.stdout.decode(errors="replace"))
    if done.returncode:
        last = (done.stderr or done.stdout).decode(errors="replace").strip().rpartition("\n")[2]
        raise Void(f"{_named(words)} exited with {done.returncode}: {last[:120]}")
    return took


def _named(words: Sequence[str | Path]) -> str:
    return " ".join([Path(words[0]).name, *(str(word) for word in words[1:4])])


def _cpu() -> float:
    own, waited = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + waited.ru_utime + waited.ru_stime
