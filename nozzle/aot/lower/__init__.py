"""From a fused graph to MLIR text: buffers and indices (`function`), loops (`kernels`), control flow (`control`)."""

from nozzle.aot.lower.function import Lowered, lower

__all__ = ["Lowered", "lower"]
