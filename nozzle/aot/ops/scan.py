"""Running sums and products along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Value, dtype_name
from nozzle.aot.ops.index import axis_of
from nozzle.aot.ops.op import Op, define, function
from nozzle.aot.ops.shape import row
from nozzle.aot.types import Tensor, stand_in

FAMILY = "scan"


def _scan(name: str, key: Any) -> None:
    @function(FAMILY, key, method=name)
    def handler(b: Builder, x: Value, /, axis: Value = None, dtype: Value = None) -> Value:
        node = row(b, x) if axis is None else b.lift(x)
        at = axis_of(0 if axis is None else axis, node.tensor.rank)
        want = dtype_name(dtype) if dtype is not None else np.asarray(key(stand_in(node.tensor))).dtype.name
        return b.emit(name, (b.cast(node, want),), Tensor(want, node.tensor.shape), axis=at)

    define(Op(name, FAMILY, lambda x, axis: key(x, axis=axis, dtype=x.dtype), ulp=1, terms=True))


_scan("cumsum", np.cumsum)
_scan("cumprod", np.cumprod)
