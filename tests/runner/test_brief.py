"""What a value is said to be."""

import pytest

from nozzle.runner.worker.brief import brief


def test_a_number_of_numpys_is_told_by_its_value_and_an_array_by_its_shape() -> None:
    numpy = pytest.importorskip("numpy")
    assert brief(numpy.float64(1.25)) == "float64 1.25"
    assert brief(numpy.int64(3)) == "int64 3"
    assert brief(numpy.array(1.25)) == "ndarray () float64"
    assert brief(numpy.zeros((2, 3))) == "ndarray (2, 3) float64"
