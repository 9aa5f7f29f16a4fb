"""Where the boxes of a chart stand: layers after the longest path (Sugiyama, Tagawa, Toda 1981), then few crossings.

Sizes come in and places go out, measured along the layers (`along`) and across them (`depth`): which of them is x is
the caller's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_GAP = 16.0  # between boxes of a layer
_SWEEPS = 12

Pair = tuple[str, str]


@dataclass(frozen=True)
class Layout:
    along: Mapping[str, float]  # a box's middle within its layer; dummies of long edges included
    layer: Mapping[str, int]
    paths: Mapping[Pair, Sequence[str]]  # the boxes and dummies an edge passes, in order


def layout(sizes: Mapping[str, float], pairs: Sequence[Pair]) -> Layout:
    """Place boxes of the given sizes so that edges run from layer to layer."""
    forward = _acyclic(list(sizes), pairs)
    layer = _ranks(list(sizes), forward)
    widths = dict(sizes)
    paths: dict[Pair, Sequence[str]] = {}
    for start, stop in forward:
        paths[start, stop] = _path(start, stop, layer, widths)
    links = [step for path in paths.values() for step in pairwise(path)]
    rows = _ordered(layer, links)
    return Layout(_placed(rows, widths, links), layer, paths)


def _acyclic(names: list[str], pairs: Sequence[Pair]) -> list[Pair]:
    """Turn edges that close a cycle round, found by a walk in depth."""
    after: dict[str, list[str]] = {name: [] for name in names}
    for start, stop in pairs:
        if start != stop and stop not in after[start]:
            after[start].append(stop)
    back: set[Pair] = set()
    state: dict[str, int] = {}
    for root in names:
        if root not in state:
            _walk(root, after, state, back)
    found = dict.fromkeys((stop, start) if (start, stop) in back else (start, stop) for start, stop in pairs)
    return [pair for pair in found if pair[0] != pair[1]]


def _walk(root: str, after: Mapping[str, list[str]], state: dict[str, int], back: set[Pair]) -> None:
    stack = [(root, iter(after[root]))]
    state[root] = 1
    while stack:
        name, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            state[name] = 2
            stack.pop()
        elif state.get(following) == 1:
            back.add((name, following))
        elif following not in state:
            state[following] = 1
            stack.append((following, iter(after[following])))


def _ranks(names: list[str], pairs: Sequence[Pair]) -> dict[str, int]:
    rank = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for start, stop in pairs:
            if rank[stop] < rank[start] + 1:
                rank[stop], moved = rank[start] + 1, True
        if not moved:
            break
    return rank


def _path(start: str, stop: str, layer: dict[str, int], widths: dict[str, float]) -> list[str]:
    path = [start]
    for number in range(layer[start] + 1, layer[stop]):
        dummy = f"{start} {stop} {number}"  # no name of a node has a blank
        layer[dummy], widths[dummy] = number, 1.0
        path.append(dummy)
    return [*path, stop]


def _ordered(layer: Mapping[str, int], links: Sequence[Pair]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for name, number in layer.items():
        rows[number].append(name)
    above, below = _neighbours(layer, links)
    for sweep in range(_SWEEPS):
        near = above if sweep % 2 == 0 else below
        order = rows if sweep % 2 == 0 else rows[::-1]
        for earlier, row in pairwise(order):
            place = {name: at for at, name in enumerate(earlier)}
            middle = {name: _mean([place[n] for n in near[name]], at) for at, name in enumerate(row)}
            row.sort(key=middle.__getitem__)
    return rows


def _neighbours(layer: Mapping[str, int], links: Sequence[Pair]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = {name: [] for name in layer}
    below: dict[str, list[str]] = {name: [] for name in layer}
    for start, stop in links:
        above[stop].append(start)
        below[start].append(stop)
    return above, below


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(rows: list[list[str]], widths: Mapping[str, float], links: Sequence[Pair]) -> dict[str, float]:
    above, below = _neighbours({name: number for number, row in enumerate(rows) for name in row}, links)
    along: dict[str, float] = {}
    for row in rows:
        at = 0.0
        for name in row:
            along[name] = at + widths[name] / 2
            at += widths[name] + _GAP
    for sweep in range(_SWEEPS + 1):  # the last one puts what is above over what is below
        near = below if sweep % 2 == 0 else above
        for row in rows[::-1] if sweep % 2 == 0 else rows:
            _settle(row, [_mean([along[n] for n in near[name]], along[name]) for name in row], widths, along)
    left = min(along[name] - widths[name] / 2 for name in along)
    return {name: at - left for name, at in along.items()}


def _settle(row: list[str], wished: list[float], widths: Mapping[str, float], along: dict[str, float]) -> None:
    """Move a row's boxes as near to their wishes as their widths allow: pool neighbours that would overlap."""
    offsets = [0.0]
    for one, two in pairwise(row):
        offsets.append(offsets[-1] + (widths[one] + widths[two]) / 2 + _GAP)
    pools: list[tuple[float, int]] = []  # the mean wish of a run of touching boxes, and its length
    for wish, offset in zip(wished, offsets, strict=True):
        pools.append((wish - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, many), (second, more) = pools[-2:]
            pools[-2:] = [((first * many + second * more) / (many + more), many + more)]
    base = [mean for mean, count in pools for _ in range(count)]
    for name, mean, offset in zip(row, base, offsets, strict=True):
        along[name] = mean + offset
