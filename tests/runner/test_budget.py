"""States are kept within a budget: what saves little for what it holds goes first."""

from pathlib import Path

from kernel_bench import Bench

from nozzle.document.events import Finished, Replaying
from nozzle.runner import Interpreter, Snapshots
from nozzle.runner.process import Place
from nozzle.runner.snapshots import Snapshot, Trail, free_memory

PLACE = Place(Path("/"), Path("/"), Interpreter(Path("/python"), "here"))


class Fake:
    """An image of a known size."""

    harm, cost, held = "", 0.0, None

    def __init__(self, size: int) -> None:
        self.size = size

    def wake(self, place: object, limits: object) -> None:
        return None

    def memory(self) -> int:
        return self.size


def keep(store: Snapshots, trail: Trail, size: int) -> Snapshot:
    snapshot = Snapshot(PLACE, trail.cells[-1], {"python": Fake(size)}, trail)
    store.keep(snapshot)
    return snapshot


def chain(*seconds: float) -> list[Trail]:
    trails = [Trail()]
    for number, took in enumerate(seconds):
        trails.append(trails[-1].after(Finished(f"cell {number}", "ok", seconds=took), lambda path: ""))
    return trails[1:]


def cells(store: Snapshots) -> list[str]:
    return [snapshot.cell for snapshot in store.all()]


def test_within_the_budget_all_stay() -> None:
    store = Snapshots("always", budget=104)
    for trail in chain(1, 1, 1, 1):
        keep(store, trail, 25)
    assert len(store.all()) == 4


def test_what_saves_least_for_its_size_goes_first() -> None:
    store = Snapshots("always", budget=104)
    for trail, size in zip(chain(5, 1, 5, 5), (25, 50, 25, 25), strict=True):
        keep(store, trail, size)
    assert cells(store) == ["cell 0", "cell 2", "cell 3"]


def test_what_a_state_saves_counts_from_the_one_before_it() -> None:
    """Without the one in the middle the next saves more, so it stays."""
    store = Snapshots("always", budget=78)
    for trail, size in zip(chain(5, 1, 1.5, 5), (25, 25, 25, 25), strict=True):
        keep(store, trail, size)
    assert cells(store) == ["cell 0", "cell 2", "cell 3"]


def test_the_last_two_always_stay() -> None:
    store = Snapshots("always", budget=1)
    for trail in chain(1, 1, 1):
        keep(store, trail, 1000)
    assert cells(store) == ["cell 1", "cell 2"]


def test_a_state_that_grew_is_measured_again() -> None:
    store = Snapshots("always", budget=104)
    first, *rest = chain(1, 1, 1, 1)
    image = keep(store, first, 1).images["python"]
    assert isinstance(image, Fake)
    image.size = 1000
    for trail in rest:
        keep(store, trail, 1)
    assert cells(store) == ["cell 1", "cell 2", "cell 3"]


def test_the_rows_say_what_each_holds_and_saves() -> None:
    store = Snapshots("always", budget=1000)
    for trail, size in zip(chain(1, 2), (10, 20), strict=True):
        keep(store, trail, size)
    assert [(row.bytes, round(row.saves)) for row in store.rows()] == [(10, 1), (20, 2)]


def test_an_image_that_two_states_share_counts_once() -> None:
    store = Snapshots("always", budget=1000)
    image = Fake(10)
    for trail in chain(1, 1):
        store.keep(Snapshot(PLACE, trail.cells[-1], {"python": image}, trail))
    assert [row.bytes for row in store.rows()] == [10, 0]


def test_real_states_are_given_up_and_replayed(opened: object) -> None:
    store = Snapshots("always", budget=1)
    bench: Bench = opened(snapshots=store)  # type: ignore[operator]
    for number in range(6):
        bench.run(f"x = {number}")
    assert len(store.all()) == 2
    bench.jobs = bench.jobs[:3]
    bench.run("print(x)")
    assert (bench.stdout, len(bench.of(Replaying))) == ("2\n", 3)


def test_the_free_memory_is_known() -> None:
    assert free_memory() > 0
