"""Writing MLIR: the text of one function, with scalar operations as the families of `ops` ask for them."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nozzle.aot.ops import angle

REGISTER = {
    "bool": "i1",
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
    "complex64": "complex<f32>",
    "complex128": "complex<f64>",
}
HALF = ("float32", "float16")
PREDICATE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


def register(dtype: str) -> str:
    """The MLIR type of a value of a dtype; integers carry no sign."""
    return REGISTER.get(dtype) or f"i{np.dtype(dtype).itemsize * 8}"


OURS = re.compile(r"(out|value|scratch|status|shared)\d*")
"""What results, scratch memory and the status are called."""


def ascii_of(name: str) -> str:
    """A name in the letters that MLIR, C and linkers know.

    >>> ascii_of("saxpy"), ascii_of("λ")
    ('saxpy', 'u3bb_')
    """
    return "".join(one if one.isascii() else f"u{ord(one):x}_" for one in name)


def argument(name: str) -> str:
    """What an argument of the author's is called in MLIR: its own name, unless that is one of ours, or not ASCII."""
    return name if name.isascii() and not OURS.fullmatch(name) else f"its.{ascii_of(name)}"


def memory(dtype: str) -> str:
    """The MLIR type of an element in memory: a bool takes a byte."""
    return "i8" if dtype == "bool" else register(dtype)


class Text:
    """Lines of one function, a prologue before them, and names that are given once."""

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        """The function that it is the text of; its tables bear its name."""
        self.tables: dict[str, tuple[str, str]] = {}
        self.rare: list[str] | None = None
        """What code that is being written takes to be false; None where it may not."""
        self.prologue: list[str] = []
        self.lines: list[str] = []
        self.depth = 1
        self._count = 0
        self._constants: dict[tuple[str, str], str] = {}

    def name(self) -> str:
        self._count += 1
        return f"%{self._count}"

    def add(self, line: str) -> None:
        self.lines.append("  " * self.depth + line)

    def set(self, expression: str) -> str:
        """A line that gives a value, and the value's name."""
        name = self.name()
        self.add(f"{name} = {expression}")
        return name

    @contextmanager
    def at_entry(self) -> Iterator[None]:
        """Write to the prologue."""
        lines, depth = self.lines, self.depth
        self.lines, self.depth = self.prologue, 1
        try:
            yield
        finally:
            self.lines, self.depth = lines, depth

    @contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        self.add(head)
        self.depth += 1
        yield
        self.depth -= 1
        self.add(tail)

    # scalars

    def raw(self, value: str, type: str) -> str:
        """A constant as MLIR spells it, written once."""
        key = value, type
        if key not in self._constants:
            with self.at_entry():
                self._constants[key] = self.set(f"arith.constant {value}" + ("" if type == "i1" else f" : {type}"))
        return self._constants[key]

    def const(self, value: Any, dtype: str) -> str:
        kind = np.dtype(dtype).kind
        if kind == "c":
            part = {"complex64": "float32", "complex128": "float64"}[dtype]
            number = complex(value)
            return self.whole(self.const(number.real, part), self.const(number.imag, part), dtype)
        if kind == "b":
            return self.raw("true" if value else "false", "i1")
        if kind in "iu":
            number = int(value)
            width = np.dtype(dtype).itemsize * 8
            return self.raw(str(number - (1 << width) if number >= 1 << (width - 1) else number), register(dtype))
        return self.raw(spelt(value, dtype), register(dtype))

    def index(self, value: int) -> str:
        return self.raw(str(value), "index")

    def op(self, name: str, type: str, *operands: str) -> str:
        return self.set(f"{name} {', '.join(operands)} : {register(type)}")

    def near(self, name: str, type: str, *operands: str) -> str:
        return self.set(f"arith.{name} {', '.join(operands)} fastmath<contract> : {register(type)}")

    def compare(self, predicate: str, dtype: str, left: str, right: str) -> str:
        kind = np.dtype(dtype).kind
        if kind == "f":
            return self.op(f"arith.cmpf {PREDICATE[predicate]},", dtype, left, right)
        signed = "" if predicate in ("eq", "ne") else "s" if kind == "i" else "u"
        return self.op(f"arith.cmpi {signed}{predicate},", dtype, left, right)

    def select(self, condition: str, dtype: str, yes: str, no: str) -> str:
        return self.op("arith.select", dtype, condition, yes, no)

    def bits(self, value: str, source: str, target: str) -> str:
        return self.convert("arith.bitcast", value, register(source), register(target))

    def convert(self, name: str, value: str, source: str, target: str) -> str:
        return value if source == target else self.set(f"{name} {value} : {source} to {target}")

    def look(self, table: str, at: str) -> str:
        if table not in self.tables:
            with self.at_entry():
                type = f"memref<{len(angle.table(table))}xi64>"
                self.tables[table] = self.set(f"memref.get_global @{self.owner}_{table} : {type}"), type
        name, type = self.tables[table]
        index = self.set(f"arith.index_cast {at} : i64 to index")
        return self.set(f"memref.load {name}[{index}] : {type}")

    def spared(self, rare: str) -> bool:
        if self.rare is None:
            return False
        self.rare.append(rare)
        return True

    def constants(self) -> str:
        """The tables that were looked at."""
        lines = []
        for table, (_, type) in self.tables.items():
            raw = b"".join(word.to_bytes(8, sys.byteorder) for word in angle.table(table)).hex().upper()
            tensor = type.replace("memref", "tensor")
            value = f'dense<"0x{raw}"> : {tensor}'
            lines.append(f'memref.global "private" constant @{self.owner}_{table} : {type} = {value.split(" :")[0]}')
        return "".join(f"{line}\n" for line in lines)

    def product(self, left: str, right: str) -> tuple[str, str]:
        name = self.name()
        self.add(f"{name}:2 = arith.mulsi_extended {left}, {right} : i64")
        return f"{name}#0", f"{name}#1"

    def parts(self, value: str, dtype: str) -> tuple[str, str]:
        type = register(dtype)
        return self.set(f"complex.re {value} : {type}"), self.set(f"complex.im {value} : {type}")

    def whole(self, real: str, imaginary: str, dtype: str, /) -> str:
        return self.set(f"complex.create {real}, {imaginary} : {register(dtype)}")

    def cast(self, value: str, source: str, target: str) -> str:
        """As NumPy casts; a float out of the range of an integer gives its least, as on x86."""
        if source == target:
            return value
        one, two = np.dtype(source), np.dtype(target)
        if one.kind == "c" or two.kind == "c":
            return self._cast_complex(value, source, target)
        if target == "bool":
            return self.compare("ne", source, value, self.const(0, source))
        if target == "float16" and source != "float32":  # by way of float32, as NumPy does it
            return self.cast(self._odd(value) if source == "float64" else self.cast(value, source, "float32"), *HALF)
        if one.kind == "f" and two.kind == "f":
            name = "arith.extf" if two.itemsize > one.itemsize else "arith.truncf"
            return self.convert(name, value, register(source), register(target))
        if two.kind == "f":
            return self.convert(
                "arith.sitofp" if one.kind == "i" else "arith.uitofp", value, register(source), register(target)
            )
        if one.kind == "f":
            return self._to_integer(value, source, target)
        if one.kind == "b" or (one.kind == "u" and two.itemsize > one.itemsize):
            return self.convert("arith.extui", value, register(source), register(target))
        if two.itemsize == one.itemsize:
            return value
        return self.convert(
            "arith.extsi" if two.itemsize > one.itemsize else "arith.trunci", value, register(source), register(target)
        )

    def _odd(self, value: str) -> str:
        """A double as the float towards zero, its last bit set where it is not exact: what is rounded next, is once."""
        near = self.convert("arith.truncf", value, "f64", "f32")
        back = self.convert("arith.extf", near, "f32", "f64")
        exact = self.set(f"arith.cmpf ueq, {back}, {value} : f64")
        size, limit = (self.op("math.absf", "float64", one) for one in (back, value))
        bits = self.bits(near, "float32", "int32")
        lower = self.op("arith.subi", "int32", bits, self.const(1, "int32"))
        bits = self.select(self.compare("gt", "float64", size, limit), "int32", lower, bits)
        odd = self.bits(self.op("arith.ori", "int32", bits, self.const(1, "int32")), "int32", "float32")
        return self.select(exact, "float32", near, odd)

    def _cast_complex(self, value: str, source: str, target: str) -> str:
        halves = {"complex64": "float32", "complex128": "float64"}
        if source in halves:
            real, imaginary = self.parts(value, source)
            if target not in halves:
                if target == "bool":
                    zero = self.const(0.0, halves[source])
                    one, two = (self.compare("ne", halves[source], part, zero) for part in (real, imaginary))
                    return self.op("arith.ori", "bool", one, two)
                return self.cast(real, halves[source], target)
            return self.whole(
                self.cast(real, halves[source], halves[target]),
                self.cast(imaginary, halves[source], halves[target]),
                target,
            )
        return self.whole(self.cast(value, source, halves[target]), self.const(0.0, halves[target]), target)

    def _to_integer(self, value: str, source: str, target: str) -> str:
        two = np.dtype(target)
        wide = "int32" if two.itemsize < 4 or target == "int32" else "int64"
        width = np.dtype(wide).itemsize * 8
        if source == "float16":
            value, source = self.cast(value, source, "float32"), "float32"
        low, high = self.const(-(2.0 ** (width - 1)), source), self.const(2.0 ** (width - 1), source)
        inside = self.op(
            "arith.andi", "bool", self.compare("ge", source, value, low), self.compare("lt", source, value, high)
        )
        safe = self.select(inside, source, value, self.const(0.0, source))
        found = self.convert("arith.fptosi", safe, register(source), register(wide))
        found = self.select(inside, wide, found, self.const(-(2 ** (width - 1)), wide))
        if target == "uint64":
            above = self.convert(
                "arith.fptosi",
                self.select(inside, source, low, self.op("arith.subf", source, value, high)),
                register(source),
                "i64",
            )
            moved = self.op("arith.xori", "int64", above, self.const(-(2**63), "int64"))
            big = self.op(
                "arith.andi",
                "bool",
                self.compare("ge", source, value, high),
                self.compare("lt", source, value, self.const(2.0**64, source)),
            )
            return self.select(big, "int64", moved, found)
        return (
            found
            if wide == target
            else self.convert("arith.trunci", found, register(wide), register(target))
            if two.itemsize * 8 < width
            else found
        )


def spelt(value: Any, dtype: str) -> str:
    """A float constant: as decimal where that is exact, else by its bits."""
    number = np.dtype(dtype).type(value)
    letter = {"float16": "<e", "float32": "<f", "float64": "<d"}[dtype]
    raw = struct.pack(letter, float(number)) if np.isfinite(number) else number.tobytes()
    text = f"{float(number):.6e}"
    if np.isfinite(number) and float(text) == float(number):
        return text
    return "0x" + raw[::-1].hex().upper()
