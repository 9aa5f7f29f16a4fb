"""What a value is said to be."""

import enum
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest

from nozzle.runner.worker.brief import brief, outline


class Login:
    def __init__(self) -> None:
        self.password = "sesame"

    def __repr__(self) -> str:
        return f"Login({self.password})"


class Words(list[str]):
    pass


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("sesame", "str of 6"), (b"sesame", "bytes of 6"), (["sesame"], "list of 1"), ([1, "sesame"], "list of 2"),
        ({"sesame": 1}, "dict of 1"), ({"password": "sesame"}, "dict of 1"), (Words(["sesame"]), "Words of 1"),
        ([["sesame"]], "list of 1"), (Login(), "Login"), ([Login()], "list of 1"), (ValueError("sesame"), "ValueError"),
        (3, "int 3"), (None, "NoneType None"), ([1.5, 2], "list of 2: [1.5, 2]"), ((), "tuple of 0: ()"),
        ([[0.0, 1.0], [2.0]], "list of 2: [[0.0, 1.0], [2.0]]"), (len, "builtin_function_or_method len"),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_value_holds_no_text(value: object, told: str) -> None:
    assert outline(value) == told


ASKED: list[object] = []


class Lazy:
    def __repr__(self) -> str:
        ASKED.append(self)
        return "asked"


class Money(float):
    __repr__ = Lazy.__repr__  # type: ignore[assignment]


class Light(enum.Enum):
    RED = Lazy()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Lazy(), "Lazy"), ([1, Lazy()], "list of 2: …"), ({"a": [Lazy()]}, "dict of 1: …"),
        ((Lazy(),), "tuple of 1: …"), ([[[0.5]]], "list of 1: [[[0.5]]]"),
        (deque([Lazy()]), "deque of 1"), (Money(1), "Money"), (Light.RED, "Light RED"), (slice(Lazy()), "slice"),
        (ValueError(Lazy()), "ValueError"), ([[0] * 9 + [Lazy()]], "list of 1: …"),
        (deque([1]), "deque deque([1])"), (range(3), "range range(0, 3)"), (..., "ellipsis Ellipsis"),
        (Decimal("1.5"), "Decimal Decimal('1.5')"), (slice(1, 2), "slice slice(1, 2, None)"), (True, "bool True"),
        (PurePosixPath("a/b"), "PurePosixPath PurePosixPath('a/b')"), ([1, "a", None], "list of 3: [1, 'a', None]"),
        (timedelta(1), "timedelta datetime.timedelta(days=1)"), ({"a": [0.5]}, "dict of 1: {'a': [0.5]}"),
    ],
)  # fmt: skip
def test_no_repr_of_the_authors_is_called(value: object, told: str) -> None:
    ASKED.clear()
    assert brief(value) == told
    assert not ASKED


def test_a_number_of_numpys_is_told_by_its_value_and_an_array_by_its_shape() -> None:
    numpy = pytest.importorskip("numpy")
    assert brief(numpy.float64(1.25)) == "float64 1.25"
    assert brief(numpy.int64(3)) == "int64 3"
    assert brief(numpy.array(1.25)) == "ndarray () float64"
    assert brief(numpy.zeros((2, 3))) == "ndarray (2, 3) float64"


def test_of_a_container_only_the_first_few_are_looked_at() -> None:
    looked: list[int] = []

    class Many(list[int]):
        def __iter__(self) -> Iterator[int]:
            for each in super().__iter__():
                looked.append(each)
                yield each

    assert brief(Many(range(50))).startswith("Many of 50: [0, 1, 2")
    assert max(looked) <= 8


def test_of_a_dict_only_the_first_few_are_looked_at() -> None:
    looked: list[int] = []

    class Many(dict[int, int]):
        def items(self) -> Any:
            return ((looked.append(key), (key, held))[1] for key, held in super().items())

    assert brief(Many.fromkeys(range(50), 1)).startswith("Many of 50: {0: 1, 1: 1")
    assert max(looked) <= 8
