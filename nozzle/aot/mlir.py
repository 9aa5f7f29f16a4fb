"""The door to MLIR: text in, an object file out. Run as a program it is the worker that compiles, in its own process.

The bindings are those of `mlir` where the real mlir-python-bindings are installed, else of `torch_mlir` (a wheel that
holds all of upstream MLIR and needs no torch), else of `mlir_finch`. A compiler can crash, and holds the interpreter's
lock while it works: so it never runs in the process of the caller. This file imports nothing of nozzle.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
from typing import Any

BINDINGS = ("mlir", "torch_mlir", "mlir_finch")
PIPELINE = (
    "canonicalize,cse,"
    "func.func(convert-linalg-to-loops),fold-memref-alias-ops,"
    "convert-vector-to-scf,expand-strided-metadata,lower-affine,convert-scf-to-cf,"
    "convert-math-to-llvm,convert-math-to-libm,convert-complex-to-standard,convert-vector-to-llvm,convert-to-llvm,"
    "reconcile-unrealized-casts,canonicalize,cse"
)


def found() -> str:
    """The name of the bindings that are installed; empty when none are."""
    return next((name for name in BINDINGS if folders(name)), "")


def folders(name: str) -> list[str]:
    """Where bindings of that name lie; nothing where what bears the name is something else."""
    spec = importlib.util.find_spec(name)
    found = spec.submodule_search_locations if spec is not None else None
    return [one for one in found or () if os.path.exists(os.path.join(one, "execution_engine.py"))]


class Compiler:
    """The bindings, loaded."""

    def __init__(self, name: str) -> None:
        self.ir: Any = importlib.import_module(f"{name}.ir")
        self.passes: Any = importlib.import_module(f"{name}.passmanager").PassManager
        self.engine: Any = importlib.import_module(f"{name}.execution_engine").ExecutionEngine
        self.llvm: Any = importlib.import_module(f"{name}._mlir_libs._mlirDialectsLLVM")

    def lowered(self, text: str, pipeline: str) -> tuple[Any, Any]:
        context = self.ir.Context()
        context.enable_multithreading(False)
        with context, self.ir.Location.unknown():
            module = self.ir.Module.parse(text)
            self.passes.parse(f"builtin.module({pipeline})").run(module.operation)
        return context, module

    def build(self, text: str, path: str, level: int) -> dict[str, Any]:
        """Write an object file."""
        start = time.perf_counter()
        context, module = self.lowered(text, PIPELINE)
        middle = time.perf_counter()
        with context:
            engine = self.engine(module, opt_level=level)
            engine.initialize()
            engine.dump_to_object_file(path)
        if not os.path.exists(path):
            raise RuntimeError("MLIR made no object file: a function that it calls is not there")
        return {"lower": middle - start, "generate": time.perf_counter() - middle}

    def llvm_ir(self, text: str) -> str:
        """LLVM IR before optimisation; ValueError when something is not lowered (translation would crash)."""
        context, module = self.lowered(text, PIPELINE)
        with context:
            self._all_llvm(module)
            return str(self.llvm.translate_module_to_llvmir(module.operation))

    def _all_llvm(self, module: Any) -> None:
        left = set()

        def visit(op: Any) -> Any:
            name = op.operation.name
            if not name.startswith(("llvm.", "builtin.module", "nvvm.")):
                left.add(name)
            return self.ir.WalkResult.ADVANCE

        module.operation.walk(visit)
        if left:
            raise ValueError(f"not lowered: {', '.join(sorted(left))}")


def main() -> None:
    """Answer one request a line, until the line ends."""
    compiler = Compiler(found())
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "build":
                answer = compiler.build(request["text"], request["path"], request["level"])
            elif request["do"] == "llvm":
                answer = {"text": compiler.llvm_ir(request["text"])}
            else:
                context, module = compiler.lowered(request["text"], request["pipeline"])
                with context:
                    answer = {"text": str(module)}
        except Exception as error:  # whatever the bindings raise is the caller's to say
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
