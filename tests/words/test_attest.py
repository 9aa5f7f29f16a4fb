"""verify --attest: whatever is changed by hand is named."""

from pathlib import Path

import pytest

from nozzle.document import seal
from nozzle.document.entry import Entry
from tests.words.conftest import Say, cell, entry

FIGURE = "from IPython.display import SVG, display\ndisplay(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))\nprint('seen')"


@pytest.fixture
def path(say: Say, folder: Path) -> Path:
    path = entry(folder, "# T\n\n" + cell(FIGURE) + "\nprose\n")
    assert say("run").status == 0
    assert say("verify", "--attest").status == 0
    return path


def test_every_flipped_byte_of_an_output_is_named(say: Say, path: Path) -> None:
    good = path.read_bytes()
    block = Entry(good.decode()).envelopes[0]
    rows = good.split(b"\n")
    start = sum(len(row) + 1 for row in rows[: block.span.start])
    stop = sum(len(row) + 1 for row in rows[: block.span.stop]) - 1
    missed = []
    for at in range(start, stop):
        changed = bytearray(good)
        changed[at] ^= 1 if changed[at] != 0x0B else 2
        if bytes([changed[at]]) in b"\r\n" or good[at : at + 1] == b"\n":
            continue  # a line more or less is tried below
        path.write_bytes(changed)
        if say("verify", "--attest").status == 0:
            missed.append((good[max(0, at - 20) : at], good[at : at + 1]))
    assert not missed


def test_a_line_more_or_less_is_named(say: Say, path: Path) -> None:
    good = path.read_text()
    for changed in (
        good.replace("seen\n", "seen\n\nmore\n"),
        good.replace("seen\n", ""),
        good.replace("seen", "se\nen"),
    ):
        path.write_text(changed)
        assert say("verify", "--attest").status == 1


def test_an_output_file_that_changed_or_went_is_named(say: Say, path: Path) -> None:
    (picture,) = (path.parent / "_out").iterdir()
    good = picture.read_bytes()
    picture.write_bytes(good.replace(b"svg", b"gvs"))
    said = say("verify", "--attest")
    assert (said.status, f"_out/{picture.name} is not the file it was" in said.out) == (1, True)
    picture.unlink()
    assert f"_out/{picture.name} is missing" in say("verify", "--attest").out


def test_a_digest_made_anew_by_hand_is_named(say: Say, path: Path) -> None:
    text = path.read_text().replace("seen\n```", "forged\n```")
    block = Entry(text).envelopes[0]
    full = seal.digest(block.kind, block.keys, block.body, lambda name: seal_of(path, name))
    path.write_text(text.replace(f"sha={block.keys['sha']}", f"sha={full[:12]}"))
    said = say("verify", "--attest")
    assert said.status == 1
    assert "its signature does not hold" in said.out


@pytest.mark.parametrize("forgery", ["unsigned", "running", "astray"])
def test_an_output_made_by_hand_is_named(say: Say, path: Path, forgery: str) -> None:
    text = path.read_text().replace("seen\n```", "forged\n```")
    if forgery == "running":
        text = text.replace("status=ok", "status=running")
    block = Entry(text).envelopes[0]
    full = seal.digest(block.kind, block.keys, block.body, lambda name: seal_of(path, name))
    text = text.replace(f"sha={block.keys['sha']}", f"sha={full[:12]}")
    rows = Entry(text).rows
    closing = rows[block.span.stop - 1]
    text = text.replace(closing, "<!-- /nozzle -->\n")
    if forgery == "astray":
        start, stop = block.span.start, block.span.stop
        rows = Entry(path.read_text()).rows
        text = "".join(rows) + "\nwords\n\n" + "".join(rows[start:stop])
    path.write_text(text)
    said = say("verify", "--attest")
    assert (said.status, "✗ journal/entry.md:" in said.out) == (1, True)


def seal_of(path: Path, name: str) -> str:
    import hashlib

    return hashlib.sha256((path.parent / "_out" / name).read_bytes()).hexdigest()


def test_an_output_moved_under_other_code_is_stale(say: Say, path: Path) -> None:
    path.write_text(path.read_text().replace("print('seen')", "print('other')"))
    said = say("verify", "--attest")
    assert (said.status, "1 stale" in said.out) == (0, True)


def test_blank_lines_and_line_ends_of_an_editor_are_no_edit(say: Say, path: Path) -> None:
    good = path.read_text()
    path.write_bytes(
        good.replace("status=ok", "status=ok").replace("-->\n\n", "-->\n\n\n").replace("\n", "\r\n").encode()
    )
    assert say("verify", "--attest").status == 0


def test_another_machines_signature_is_told_apart(
    say: Say, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = say("verify", "--attest").out
    assert "(trusted)" in mine
    line = say("key").out.splitlines()[0]
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "elsewhere"))
    said = say("verify", "--attest")
    assert (said.status, "not trusted by you" in said.out) == (0, True)
    say("key", "add", line)
    assert "(trusted)" in say("verify", "--attest").out
