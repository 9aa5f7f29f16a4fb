"""Whether two runs of a cell came to the same: by status, by text with what always changes masked, by pictures.

How strictly is the author's to say, on the cell: `#| verify: exact`, `shape` (as many lines, tables as wide),
`rtol=1e-6` (numbers near, all else equal), `mask=REGEX` (what matches is left out), `skip`.
"""

import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nozzle.document import seal
from nozzle.document.entry import Envelope
from nozzle.document.scribe import STDERR

Content = Callable[[str], bytes | None]
"""Name in `_out/` -> its bytes."""

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
MASKS = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "<address>"),
    (re.compile(r"\b(?:\d+d )?(?:\d+h )?\d+min (?=\d)"), ""),  # as IPython says it: 1h 2min 3s
    (re.compile(rf"\b{_NUMBER}\s?(?:ns|[µμu]s|ms|s|sec|seconds|min|it/s|s/it)\b"), "<time>"),
    (re.compile(r"\b\d[\d,]* loops?(?= each)"), "<loops>"),
    (
        re.compile(rf"\b{_NUMBER} times (?=as fast as (?:NumPy|it)\b|the bound that (?:copying sets|this is))"),
        "<ratio> ",
    ),
    (re.compile(rf"\bgreatest difference {_NUMBER}(?=, within its bound)"), "greatest difference <small>"),
    (
        re.compile(r"(?:/[\w.+-]+)*/tmp\w*(?:/[\w.+-]+)*|/home/[\w.-]+(?:/[\w.+-]+)*|/var/folders(?:/[\w.+-]+)*"),
        "<path>",
    ),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<date>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
)
DISTANCE = 0.01
"""Two pictures of one size are the same when their pixels differ by less than this, of 1, on average."""
LARGEST = 400_000_000
"""Bytes of samples; a larger picture is not taken apart."""

_number = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_link = re.compile(r"_out/[0-9a-f]{16,64}\.(\w+)")


@dataclass(frozen=True, slots=True)
class Verdict:
    same: Literal["same", "differs", "skipped", "held"]
    """The last: of an entry of which nothing ran."""
    why: str = ""


def compare(
    old: Envelope, new: Envelope, rule: str, before: Content, after: Content, roots: Sequence[str] = ()
) -> Verdict:
    """Hold the output that stands in the text against that of a new run; `roots`: folders in which one of them ran."""
    if rule == "skip":
        return Verdict("skipped", "its cell says verify: skip")
    if old.status != new.status:
        return Verdict("differs", f"it ended {new.status}, the text says {old.status}")
    mask = _Mask(roots)
    pictures = _files(seal.files(old.body), seal.files(new.body), before, after, None if rule == "exact" else mask)
    if pictures:
        return Verdict("differs", pictures)
    was, now = _plain(old.body), _plain(new.body)
    if rule == "exact":
        return _lines(was, now, lambda row: row)
    verdict = _texts(_last_words(was), _last_words(now), rule, mask)
    if verdict.same == "differs" and STDERR in was and STDERR in now:
        apart = _texts(_last_words(_apart(was)), _last_words(_apart(now)), rule, mask)
        return apart if apart.same == "same" else verdict
    return verdict


def _plain(body: Sequence[str]) -> list[str]:
    """The lines, with the names of files away: their content was compared."""
    return [_link.sub(r"_out/file.\1", row) for row in body]


def _apart(body: Sequence[str]) -> list[str]:
    """All that is no standard error, then that: between the two streams of a program nobody knows the order."""
    streams: tuple[list[str], list[str]] = [], []
    closing, inside = "", False
    for row in body:
        rows = streams[inside]
        if closing:
            rows.append(row)
            closing = "" if row == closing else closing
        elif row in (STDERR, "</details>"):
            inside = row == STDERR
        elif row:
            closing = row.removesuffix("text") if re.fullmatch(r"`{3,}text", row) else ""
            if closing and rows[-1:] == [closing]:
                rows.pop()  # what one stream said, told in two parts
            else:
                rows.append(row)
    return [*streams[0], STDERR, *streams[1]]


def _last_words(body: Sequence[str]) -> list[str]:
    """A traceback is drawn otherwise by every Python; what it says in the end is what counts."""
    rows: list[str] = []
    closing = ""
    for row in body:
        if not closing and re.fullmatch(r"`{3,}pytb", row):
            closing = row.removesuffix("pytb")
            rows += [row, ""]
        elif closing and row != closing:
            rows[-1] = row or rows[-1]
        else:
            closing = "" if row == closing else closing
            rows.append(row)
    return rows


def _texts(old: list[str], new: list[str], rule: str, mask: "_Mask") -> Verdict:
    if rule == "shape":
        return _shape(old, new)
    if rule.startswith("rtol="):
        return _near(old, new, float(rule.removeprefix("rtol=")))
    own = re.compile(rule.removeprefix("mask=")) if rule.startswith("mask=") else None
    return _lines(old, new, lambda row: mask(own.sub("<masked>", row) if own else row))


class _Mask:
    """A line without what every run and every machine has its own of."""

    def __init__(self, roots: Sequence[str]) -> None:
        longest = sorted((root.rstrip("/") for root in roots), key=len, reverse=True)
        inside = "|".join(re.escape(root) for root in longest if root)
        own = re.compile(rf"(?:{inside})(?:/[\w.+-]+)*(?![\w.+-])")
        self._patterns = ((own, "<path>"), *MASKS) if inside else MASKS

    def __call__(self, row: str) -> str:
        for pattern, name in self._patterns:
            row = pattern.sub(name, row)
        return row


def _lines(old: list[str], new: list[str], mask: Callable[[str], str], fences: bool = True) -> Verdict:
    """The first line that differs, by its number; where `fences` stand, they do not count."""
    number = 0
    for was, now in zip(old, new, strict=False):
        number += not was.startswith("```") or not fences
        if fences and was.startswith("```") != now.startswith("```"):
            if now.startswith("```"):
                return Verdict("differs", f"line {number}: {_short(was)} is not there any more")
            where = f"after line {number}" if number else "at first"
            return Verdict("differs", f"{_short(now)} is there too, {where}")
        if mask(was) != mask(now):
            return Verdict("differs", f"line {number}: {_short(was)} became {_short(now)}")
    if len(old) != len(new):
        return Verdict("differs", f"{len(old)} lines became {len(new)}")
    return Verdict("same")


def _short(row: str) -> str:
    return repr(row if len(row) <= 60 else row[:60] + "…")


def _shape(old: list[str], new: list[str]) -> Verdict:
    was, now = ([row.count("|") for row in rows] for rows in (old, new))
    return (
        Verdict("same")
        if was == now
        else Verdict("differs", f"{len(was)} lines became {len(now)}, or a table its width")
    )


def _near(old: list[str], new: list[str], rtol: float) -> Verdict:
    verdict = _lines(old, new, lambda row: _number.sub("<number>", row))
    if verdict.same != "same":
        return verdict
    for was, now in zip(_numbers(old), _numbers(new), strict=True):
        if abs(was - now) > rtol * max(abs(was), abs(now)):
            return Verdict("differs", f"{was} became {now}, which is further than rtol={rtol}")
    return Verdict("same")


def _numbers(rows: list[str]) -> list[float]:
    return [float(word) for row in rows for word in _number.findall(row)]


def _files(old: list[str], new: list[str], before: Content, after: Content, mask: "_Mask | None") -> str:
    """Why files are not the same; without a mask all their bytes count."""
    if len(old) != len(new):
        return f"{len(old)} files became {len(new)}"
    for was, now in zip(old, new, strict=True):
        one, two = before(was), after(now)
        if one is None or two is None:
            return f"_out/{was} is missing"
        if one == two:
            continue
        if was == now:
            return f"_out/{was} is not what was made: it was changed since"
        if mask is None:
            return f"_out/{was} is another file now"
        if why := _picture(one, two) if was.endswith(".png") else _text_file(one, two, mask):
            return f"_out/{was}: {why}"
    return ""


def _text_file(one: bytes, two: bytes, mask: "_Mask") -> str:
    old, new = (content.decode("utf-8", "replace").split("\n") for content in (one, two))
    return _lines(old, new, mask, fences=False).why


def _picture(one: bytes, two: bytes) -> str:
    """Why two PNG pictures are not the same; empty when they are."""
    old, new = pixels(one), pixels(two)
    if old is None or new is None:
        return "is another picture now"
    if old[:2] != new[:2]:
        return f"{old[0]}x{old[1]} pixels became {new[0]}x{new[1]}"
    distance = sum(abs(a - b) for a, b in zip(old[2], new[2], strict=True)) / (255 * max(1, len(old[2])))
    return f"its pixels differ by {distance:.3f} of 1 on average" if distance > DISTANCE else ""


def pixels(png: bytes) -> tuple[int, int, bytes] | None:
    """Width, height and RGBA samples of an 8-bit PNG without interlacing; None for any other, and for a torn one.

    Source: Portable Network Graphics Specification, third edition, sections 9 (filters) and 11 (chunks).
    """
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    try:
        width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", png[16:29])
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
        size = height * (width * channels + 1)
        if depth != 8 or interlace or not 0 < size <= LARGEST:
            return None
        raw = zlib.decompressobj().decompress(b"".join(_chunks(png, b"IDAT")), size)
        if len(raw) < size:
            return None
        planes = _planes(_unfiltered(raw, width * channels, channels, height), color, png)
    except (struct.error, KeyError, zlib.error):
        return None
    return (width, height, _interleaved(planes)) if planes else None


def _planes(samples: bytes, color: int, png: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Red, green, blue and alpha, each by itself; None when the picture says its colours in a way not read here."""
    clear = b"".join(_chunks(png, b"tRNS"))
    opaque = b"\xff" * len(samples)
    if color == 3:
        palette = b"".join(_chunks(png, b"PLTE"))
        if not palette or max(samples, default=0) >= len(palette) // 3:
            return None
        red, green, blue = (samples.translate(palette[at::3].ljust(256, b"\0")[:256]) for at in range(3))
        return red, green, blue, samples.translate(clear[:256].ljust(256, b"\xff"))
    if clear:
        return None
    step = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    red, green, blue = (samples[at if color in (2, 6) else 0 :: step] for at in range(3))
    return red, green, blue, samples[step - 1 :: step] if color in (4, 6) else opaque[: len(red)]


def _interleaved(planes: tuple[bytes, bytes, bytes, bytes]) -> bytes:
    out = bytearray(4 * len(planes[0]))
    for at, plane in enumerate(planes):
        out[at::4] = plane
    return bytes(out)


def _chunks(png: bytes, wanted: bytes) -> list[bytes]:
    found, at = [], 8
    while at + 8 <= len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == wanted:
            found.append(png[at + 8 : at + 8 + size])
        at += size + 12
    return found


def _unfiltered(raw: bytes, width: int, step: int, height: int) -> bytes:
    out = bytearray()
    above = bytearray(width)
    for start in range(0, height * (width + 1), width + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + width])
        for at in range(width) if kind else ():
            left = row[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            row[at] = (row[at] + _predicted(kind, left, above[at], corner)) & 255
        out += row
        above = row
    return bytes(out)


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
