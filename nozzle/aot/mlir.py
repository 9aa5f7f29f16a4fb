"""The door to MLIR: text in, a library out. Run as a program it is the worker that compiles, in its own process.

The bindings are those of `mlir` where the real mlir-python-bindings are installed, else of `torch_mlir` (a wheel that
holds all of upstream MLIR and needs no torch), else of `mlir_finch`. A compiler can crash, and holds the interpreter's
lock while it works: so it never runs in the process of the caller. This file imports nothing of nozzle.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import re
import shutil
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BINDINGS = ("mlir", "torch_mlir", "mlir_finch")
PIPELINE = (
    "canonicalize,cse,"
    "func.func(convert-linalg-to-loops),fold-memref-alias-ops,"
    "convert-vector-to-scf,expand-strided-metadata,lower-affine,convert-scf-to-cf,"
    "convert-math-to-llvm,convert-math-to-libm,convert-complex-to-standard,convert-vector-to-llvm,convert-to-llvm,"
    "reconcile-unrealized-casts,canonicalize,cse"
)
KERNELS = (
    "gpu.module(canonicalize,cse,lower-affine,convert-scf-to-cf,expand-strided-metadata,convert-gpu-to-nvvm,"
    "convert-math-to-llvm,convert-to-llvm,reconcile-unrealized-casts,canonicalize,cse)"
)
"""Of the gpu dialect."""
TRIPLE, CHIP, PTX = "nvptx64-nvidia-cuda", "sm_80", "+ptx80"
"""The least device that is compiled for, which later ones run too."""
EXACT = {
    "sqrt": "sqrt",
    "fabs": "fabs",
    "fma": "fma",
    "copysign": "copysign",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "rint": "rint",
}
"""Functions of NVIDIA's library that are one instruction, and what LLVM calls it."""


def found() -> str:
    """The name of the bindings that are installed; empty when none are."""
    return next((name for name in BINDINGS if folders(name)), "")


def folders(name: str) -> list[str]:
    """Where bindings of that name lie; nothing where what bears the name is something else."""
    spec = importlib.util.find_spec(name)
    found = spec.submodule_search_locations if spec is not None else None
    return [one for one in found or () if os.path.exists(os.path.join(one, "execution_engine.py"))]


def seal(key: bytes, name: str, data: bytes) -> str:
    """What only who has the key can say of a file of this name and these bytes."""
    return hashlib.blake2b(name.encode() + b"\0" + data, key=key, digest_size=32).hexdigest()


def beside(path: Path) -> Path:
    """Where the seal of a file lies."""
    return path.with_name(f"{path.name}.seal")


def put(made: Path, path: Path, key: bytes) -> None:
    """Move a file to its place, and its seal beside it: between the two it is as good as not there."""
    sealed = made.with_name("seal")
    sealed.write_text(seal(key, path.name, made.read_bytes()))
    made.replace(path)
    sealed.replace(beside(path))


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

    def library(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write a shared library, whole or not at all, also when nobody waits for it any more."""
        import subprocess

        made, linked = Path(request["making"], "x.o"), Path(request["making"], "x.so")
        took = self.build(request["text"], str(made), request["level"])
        link: Sequence[str] = [*request["link"], "-o", str(linked), str(made)]
        done = subprocess.run(link, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{link[0]} failed: {done.stderr.strip()[:500]}")
        put(linked, Path(request["path"]), bytes.fromhex(request["key"]))
        return took

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

    def device(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write a file of PTX, whole or not at all."""
        made = Path(request["making"], "x.ptx")
        made.write_text(self.ptx(request["text"]))
        put(made, Path(request["path"]), bytes.fromhex(request["key"]))
        return {}

    def ptx(self, text: str) -> str:
        """The kernels of a gpu.module, for NVIDIA; ValueError where one needs a function that no device has."""
        context, module = self.lowered(text, KERNELS)
        with context, self.ir.Location.unknown():
            alone = self.ir.Module.create()
            for outer in module.body.operations:
                for op in list(outer.operation.regions[0].blocks[0].operations):
                    if op.operation.name.startswith("llvm."):
                        alone.body.append(op.operation.clone())
            self._all_llvm(alone)
            return assembled(str(self.llvm.translate_module_to_llvmir(alone.operation)))

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


def assembled(text: str) -> str:
    """PTX of LLVM IR, by llvmlite, whose LLVM is older than that of MLIR."""
    text = re.sub(r"@__nv_(\w+?)(f?)\(", _plain, text)
    if missing := sorted(set(re.findall(r"@__nv_(\w+?)f?\(", text))):
        raise ValueError(f"there is no {', '.join(missing)} on a device without libraries")
    binding = importlib.import_module("llvmlite.binding")
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    module = binding.parse_assembly("\n".join(map(older, text.splitlines())))
    target = binding.Target.from_triple(TRIPLE)
    machine = target.create_target_machine(cpu=CHIP, features=PTX, opt=3)
    module.triple, module.data_layout = TRIPLE, str(machine.target_data)
    options = binding.create_pipeline_tuning_options(speed_level=3)
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return str(machine.emit_assembly(module))


def _plain(found: re.Match[str]) -> str:
    """A function of NVIDIA's library as the instruction that it is, where it is one."""
    name, single = found.groups()
    return f"@llvm.{EXACT[name]}.f{32 if single else 64}(" if name in EXACT else found.group()


LITERAL = re.compile(r"(?<![\w.%@\"$#-])([+-]?\d+\.\d+(?:e[+-]?\d+)?|[+-](?:inf|qnan|nan)\b|f0x[0-9A-Fa-f]+)")
FLOATS = {"half": ("<e", "<H"), "float": ("<f", "<I"), "double": ("<d", "<Q")}


def older(line: str) -> str:
    """A line of LLVM IR with its numbers by their bits, as LLVM before version 23 spells what is not exact.

    >>> older("  %4 = fmul float %3, 1.000000e-01")
    '  %4 = fmul float %3, 0x3FB99999A0000000'
    >>> older("  %5 = select i1 %4, half -inf, half f0x3C00")
    '  %5 = select i1 %4, half 0xHFC00, half 0xH3C00'
    """

    def bits(found: re.Match[str]) -> str:
        types = re.findall(r"\b(half|float|double)\b", line[: found.start()])
        if not types:
            return found.group()
        number, whole = FLOATS[types[-1]]
        text = found.group()
        if text.startswith("f0x"):
            value = struct.unpack(number, struct.pack(whole, int(text[3:], 16)))[0]
        else:
            value = struct.unpack(number, struct.pack(number, float(text.replace("qnan", "nan"))))[0]
        if types[-1] == "half":
            return f"0xH{struct.unpack('<H', struct.pack('<e', value))[0]:04X}"
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"

    return line if line.startswith(("source_filename", "!", ";")) else LITERAL.sub(bits, line)


def main() -> None:
    """Answer one request a line, until the line ends."""
    compiler = Compiler(found())
    for line in sys.stdin:
        request = json.loads(line)
        if "making" in request:
            os.makedirs(request["making"], exist_ok=True)  # it may be asked a second time
        try:
            if request["do"] == "build":
                answer = compiler.library(request)
            elif request["do"] == "llvm":
                answer = {"text": compiler.llvm_ir(request["text"])}
            elif request["do"] == "ptx":
                answer = compiler.device(request)
            else:
                context, module = compiler.lowered(request["text"], request["pipeline"])
                with context:
                    answer = {"text": str(module)}
        except Exception as error:  # whatever the bindings raise is the caller's to say
            answer = {"error": f"{type(error).__name__}: {error}"}
        if "making" in request:
            shutil.rmtree(request["making"], ignore_errors=True)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
