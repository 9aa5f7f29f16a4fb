"""Two runs of a cell are held together: text with what always changes masked, pictures by size and distance."""

import struct
import zlib

import pytest

from nozzle.document.compare import Verdict, compare, pixels
from nozzle.document.entry import Envelope, Span
from nozzle.document.scribe import STDERR

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6


def png(rows: list[list[int]], color: int = RGB, palette: bytes = b"", size: tuple[int, int] | None = None) -> bytes:
    channels = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}[color]
    width, height = size or (len(rows[0]) // channels, len(rows))
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    chunks = [(b"IHDR", head), *([(b"PLTE", palette)] if palette else []), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def output(*body: str, status: str = "ok") -> Envelope:
    return Envelope("output", {"of": "a" * 12, "status": status}, body, Span(0, len(body) + 2))


def pictured(one: bytes, two: bytes, rule: str = "") -> Verdict:
    old, new = output(f"![](_out/{'1' * 16}.png)"), output(f"![](_out/{'2' * 16}.png)")
    return compare(old, new, rule, lambda name: one, lambda name: two)


def test_pictures_of_another_size_differ_and_both_sizes_are_told() -> None:
    verdict = pictured(png([[0] * 6]), png([[0] * 9]))
    assert (verdict.same, "2x1 pixels became 3x1" in verdict.why) == ("differs", True)


@pytest.mark.parametrize(("by", "same"), [(0, "same"), (2, "same"), (3, "differs"), (255, "differs")])
def test_pictures_of_one_size_are_the_same_up_to_a_hundredth_of_their_range(by: int, same: str) -> None:
    one, two = png([[0] * 8] * 2, RGBA), png([[by] * 8] * 2, RGBA)
    assert pictured(one, two).same == same


OUT, ERR = ("```text", "out", "```", ""), (STDERR, "", "```text", "err", "```", "", "</details>", "")


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ((*OUT, *ERR, *OUT), ("```text", "out", "out", "```", "", *ERR), "same"),
        ((*OUT, *ERR), (*ERR, *OUT), "same"),
        ((*OUT, *ERR), (*ERR, *ERR), "differs"),
        ((*OUT, *ERR), ("```text", "err", "```", "", STDERR, "", "```text", "out", "```", "", "</details>"), "differs"),
        (("```text", "out", "</details>", "```", *ERR), (*ERR, "```text", "out", "</details>", "```"), "same"),
    ],
)
def test_between_the_two_streams_of_a_program_nobody_knows_the_order(
    was: tuple[str, ...], now: tuple[str, ...], same: str
) -> None:
    verdict = compare(output(*was), output(*now), "", {}.get, {}.get)
    assert verdict.same == same, verdict.why
    assert compare(output(*was), output(*now), "exact", {}.get, {}.get).same == "differs"


def test_the_same_pixels_in_another_kind_of_png_are_the_same_picture() -> None:
    palette = bytes([9, 9, 9, 200, 200, 200])
    kinds = [
        png([[9, 200]], GRAY), png([[9, 9, 9, 200, 200, 200]]), png([[0, 1]], PALETTE, palette),
        png([[9, 255, 200, 255]], GRAY_ALPHA), png([[9, 9, 9, 255, 200, 200, 200, 255]], RGBA),
    ]  # fmt: skip
    assert {pixels(kind) for kind in kinds} == {(2, 1, bytes([9, 9, 9, 255, 200, 200, 200, 255]))}


def test_two_palettes_are_two_pictures() -> None:
    rows = [[0, 1], [1, 0]]
    one, two = png(rows, PALETTE, bytes([255, 0, 0, 0, 0, 0])), png(rows, PALETTE, bytes([0, 0, 255, 255, 255, 255]))
    assert pictured(one, two).same == "differs"


def test_exact_holds_pictures_together_byte_by_byte() -> None:
    assert pictured(png([[0] * 6]), png([[1] * 6]), "exact").same == "differs"


GOOD = png([[7] * 6, [9] * 6])


@pytest.mark.parametrize("torn", [GOOD[:n] for n in range(0, len(GOOD), 3)] + [png([[0] * 6], size=(2, 50))])
def test_a_torn_picture_is_another_one_and_no_fault(torn: bytes) -> None:
    assert pictured(GOOD, torn).same in ("same", "differs")
    assert pixels(torn) in (None, pixels(GOOD))


def test_a_picture_that_unpacks_to_more_than_it_says_is_read_as_far_as_it_says() -> None:
    assert pixels(png([[5] * 3_000_000], size=(1, 1))) == (1, 1, bytes([5, 5, 5, 255]))


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ("at /srv/mine/journal/a.csv", "at /scratch/copy/journal/a.csv", "same"),
        ("/srv/mine", "/scratch/copy", "same"),
        ("/srv/mine/a b", "/scratch/copy/a c", "differs"),
        ("/srv/mineshop", "/scratch/copy", "differs"),
    ],
)
def test_the_folders_of_both_runs_are_masked(was: str, now: str, same: str) -> None:
    roots = ("/srv/mine", "/scratch/copy")
    assert compare(output(was), output(now), "", lambda n: None, lambda n: None, roots).same == same


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ("Wall time: 34 \u03bcs", "Wall time: 18 \u00b5s", "same"),
        ("user 34 \u03bcs, sys: 0 ns, total: 34 \u03bcs", "user 1.2 s, sys: 3 \u03bcs, total: 1e+03 ns", "same"),
        ("Wall time: 59.9 s", "Wall time: 1min 2s", "same"),
        ("Wall time: 1h 2min 3s", "Wall time: 1d 0h 2min 3s", "same"),
        ("5 ns \u00b1 1 ns per loop (10,000 loops each)", "9 ns \u00b1 0.2 ns per loop (1 loop each)", "same"),
        ("mean of 7 runs", "mean of 8 runs", "differs"),
        ("3 loops", "4 loops", "differs"),
        ("1.7 times as fast as NumPy", "2e+01 times as fast as NumPy", "same"),
        ("9 times the bound that copying sets", "1.02 times the bound that copying sets", "same"),
        ("greatest difference 0, within its bound", "greatest difference 1.2e-07, within its bound", "same"),
        ("greatest difference 0, within its bound", "greatest difference 2, more than its bound, 0", "differs"),
        ("greatest difference 1", "greatest difference 2", "differs"),
        ("3 times the bound", "4 times the bound", "differs"),
        ("5 min", "6 mm", "differs"),
    ],
)  # fmt: skip
def test_times_are_masked_as_ipython_says_them(was: str, now: str, same: str) -> None:
    assert compare(output(was), output(now), "", lambda n: None, lambda n: None).same == same


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [("a", "a\nb", "'b' is there too, after line 1"), ("a\nb", "a", "line 2: 'b' is not there any more")],
)
def test_lines_that_came_or_went_are_told_and_no_fence(was: str, now: str, why: str) -> None:
    old, new = (output("```text", *text.split("\n"), "```") for text in (was, now))
    assert compare(old, new, "", lambda name: None, lambda name: None).why == why
