"""verify --attest: whatever is changed by hand is named."""

import shutil
from pathlib import Path

import pytest

from nozzle.document import seal
from nozzle.document.entry import Entry
from nozzle.document.seal import report_all
from nozzle.words.journal import Journal
from tests.conftest import Workshop
from tests.words.conftest import Say, cell, entry, git

FIGURE = "from IPython.display import SVG, display\ndisplay(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))\nprint('seen')"


@pytest.fixture
def path(say: Say, folder: Path) -> Path:
    path = entry(folder, "# T\n\n" + cell(FIGURE) + "\nprose\n")
    assert say("run").status == 0
    assert say("verify", "--attest").status == 0
    return path


RICH = """\
import sys
from IPython.display import Markdown, display
print('hello', '', ' two  words', sep='\\n')
print('warned', file=sys.stderr)
display(Markdown('**a**\\n\\n- b'))"""


def faults(here: Journal, path: Path, content: bytes) -> list[str]:
    """What stands against a text, without a file or a process for each of thousands."""
    try:
        entry = Entry(content.decode())
    except UnicodeDecodeError as error:
        return [str(error)]
    reports = report_all(entry, here.file_digest(path.parent), here.verify)
    wrong = [report.why or "unsigned" for _, _, report in reports if report.state != "intact" or not report.signer]
    return [*wrong, *filter(None, [entry.held]), *([] if reports else ["gone"])]


def inside(good: bytes) -> range:
    """Where the first output stands, in bytes; its last line end is the author's."""
    block = Entry(good.decode()).envelopes[0]
    rows = good.split(b"\n")
    start = sum(len(row) + 1 for row in rows[: block.span.start])
    return range(start, start + sum(len(row) + 1 for row in rows[block.span.start : block.span.stop]) - 1)


@pytest.mark.parametrize("source", [FIGURE, RICH])
def test_every_flipped_bit_of_an_output_is_named(workshop: Workshop, source: str) -> None:
    path = workshop.write("# T\n\n" + cell(source) + "\nprose\n")
    workshop.run(path)
    good = path.read_bytes()
    assert faults(workshop.here, path, good) == []
    missed = []
    for at in inside(good):
        for bit in range(8):
            changed = good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :]
            if not faults(workshop.here, path, changed):
                missed.append((good[max(0, at - 20) : at], good[at : at + 1], changed[at : at + 1]))
    assert not missed


def test_every_byte_taken_out_or_put_in_is_named_but_for_white_space_an_editor_may_move(workshop: Workshop) -> None:
    path = workshop.write("# T\n\n" + cell(FIGURE) + "\nprose\n")
    workshop.run(path)
    good = path.read_bytes()
    changes = [(at, good[:at] + good[at + 1 :]) for at in inside(good)]
    changes += [(at, good[:at] + b"x" + good[at:]) for at in inside(good)]
    missed = [good[at : at + 1] for at, changed in changes if not faults(workshop.here, path, changed)]
    assert set(missed) <= {b"\n"}


def test_a_flipped_byte_of_an_output_is_named_by_verify(say: Say, path: Path) -> None:
    good = path.read_bytes()
    for at in (inside(good)[0], good.index(b"seen\n"), inside(good)[-1]):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert say("verify", "--attest").status == 1


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


def forged(path: Path) -> None:
    """Another text, with its digest made anew and no signature."""
    text = path.read_text().replace("seen\n```", "forged\n```")
    block = Entry(text).envelopes[0]
    full = seal.digest(block.kind, block.keys, block.body, lambda name: seal_of(path, name))
    closing = Entry(text).rows[block.span.stop - 1]
    path.write_text(text.replace(f"sha={block.keys['sha']}", f"sha={full[:12]}").replace(closing, "<!-- /nozzle -->\n"))


@pytest.mark.parametrize("where", ["here", "elsewhere", "elsewhere, committed"])
def test_a_forger_who_empties_the_list_of_signers_is_named_all_the_same(
    say: Say, folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    forged(path)
    (folder / "nozzle.keys").write_text("")
    if where != "here":
        monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "elsewhere"))
    if "committed" in where:
        git(folder, "-c", "user.name=M", "-c", "user.email=m@x.org", "commit", "-qam", "tidy")
    said = say("verify", "--attest")
    assert (said.status, "it is not signed" in said.out) == (1, True)


def test_where_nobody_ever_signed_an_unsigned_output_is_only_told(
    say: Say, folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    forged(path)
    (folder / "nozzle.keys").unlink()
    shutil.rmtree(folder / ".git")
    git(folder, "init", "-q")
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "elsewhere"))
    said = say("verify", "--attest")
    assert (said.status, "1 unsigned" in said.out) == (0, True)
