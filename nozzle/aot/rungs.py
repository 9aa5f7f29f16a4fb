"""The rungs of the compiler, as text: graph, fused, linalg, llvm, asm; gpu and ptx, of the same graph for a device."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from nozzle.aot import cache, passes
from nozzle.aot.build import Refuse
from nozzle.aot.compiled import Compiled
from nozzle.aot.lower import lower
from nozzle.aot.worker import WORKER, CompileFailed
from nozzle.errors import Missing, Refused

RUNGS = ("graph", "fused", "linalg", "llvm", "asm", "gpu", "ptx")
DEVICE = ("gpu", "ptx")


def rung(function: Compiled, arguments: Sequence[Any], target: str) -> str:
    """One rung for a call with these arguments; Missing where what makes it is not installed, Refused where none is."""
    if target not in RUNGS:
        raise ValueError(f"there is no rung {target!r}; there are {', '.join(RUNGS)}")
    try:
        return _device(function, arguments, target) if target in DEVICE else _here(function, arguments, target)
    except Refuse as error:
        there = f"; instead: {error.instead}" if error.instead else ""
        raise Refused(f"{function.python.__name__} has no rung {target}: {error.reason}{there}") from error
    except CompileFailed as error:
        raise Refused(f"{function.python.__name__} has no rung {target}: {error}") from error


def _here(function: Compiled, arguments: Sequence[Any], target: str) -> str:
    graph = function.traced(arguments).body
    if target == "graph":
        return str(graph)
    graph = passes.run(graph)
    if target == "fused":
        return str(graph)
    lowered = lower(graph, cache.processor())
    if target == "linalg":
        return folded(lowered.kernel)
    if not cache.compiler():
        raise Missing(f"the rung {target} is made by MLIR: pip install 'nozzle[aot]'")
    if target == "llvm":
        return str(WORKER.ask("llvm", text=lowered.kernel)["text"])
    path, _ = cache.library(lowered.text)
    return assembly(str(path), lowered.name)


def _device(function: Compiled, arguments: Sequence[Any], target: str) -> str:
    """Kernels for a GPU, whether there is one or not."""
    from nozzle.aot.gpu import stand_in, unwritten
    from nozzle.aot.lower.device import kernels
    from nozzle.aot.passes.rows import rows

    graph = function.traced([stand_in(one) for one in arguments]).graph
    text = kernels(passes.run(graph, upto=rows)).text
    if target == "gpu":
        return folded(text)
    if words := unwritten():
        raise Missing(f"the rung ptx: {words}")
    return cache.ptx(text).read_text()


def folded(text: str) -> str:
    """MLIR with the six lines that make a memref of a pointer folded to a comment."""
    lines: list[str] = []
    pointer = ""
    for line in text.splitlines():
        if line.startswith("memref.global"):
            lines.append(re.sub(r'dense<"0x[0-9A-F]*">', "dense<...>", line))
            continue
        if re.search(r"= (llvm\.mlir\.undef|llvm\.insertvalue) ?", line):
            found = re.search(r"insertvalue (%[a-z]\w*), ", line)
            pointer = found.group(1) if found else pointer
            continue
        made = re.match(r"(\s*)(%\d+) = builtin\.unrealized_conversion_cast .* to (memref<.*>)", line)
        lines.append(f"{made.group(1)}// {made.group(2)}: {made.group(3)} over {pointer}" if made else line)
    return "\n".join(lines)


def assembly(path: str, name: str) -> str:
    """The instructions of one function of a library."""
    program = shutil.which("objdump")
    if program is None:
        raise Missing("the rung asm is printed by objdump: install binutils")
    command = [program, "-d", "--no-show-raw-insn", "-M", "intel", f"--disassemble={name}", path]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = text[text.index(f"<{name}>:") :].splitlines() if f"<{name}>:" in text else []
    return "\n".join(
        re.sub(r"^ +[0-9a-f]+:\t", "  ", line) for line in lines if line.strip() and "Disassembly" not in line
    )
