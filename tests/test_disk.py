"""Nothing that an author saves is lost, whatever editor saves it and whenever nozzle is killed."""

import ctypes
import errno
import itertools
import os
import random
import re
import resource
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nozzle import disk
from nozzle.errors import NozzleError, Refused, Unreadable, Unwritable
from tests import editors

BLOCK = re.compile(rb"<!-- out \d+ -->\n")


def block(number: int) -> bytes:
    return b"<!-- out %d -->\n" % number


def put(*numbers: int) -> Callable[[bytes], bytes]:
    """An edit that sets blocks under the first line, where they are missing."""

    def edit(author: bytes) -> bytes:
        head, newline, rest = author.partition(b"\n")
        missing = b"".join(block(number) for number in numbers if block(number) not in author)
        return head + newline + missing + rest if newline else author

    return edit


def authors(text: bytes) -> bytes:
    return BLOCK.sub(b"", text)


def settle(written: disk.Written, edit: disk.Edit) -> None:
    """What the loop does with a late author: ask until it is done, and take in what comes."""
    if written.late is None:
        return
    while not written.late.done:
        if (text := written.late.check()) is not None:
            settle(disk.exchange(written.path, text, edit, over=written.content), edit)
            written.late.take()
        time.sleep(0.001)


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    path = tmp_path / "entry.md"
    path.write_bytes(b"# title\nfirst\n")
    return path


def alone(entry: Path) -> bool:
    return [each.name for each in entry.parent.iterdir()] == [entry.name]


# What is written


def test_a_block_is_written(entry: Path) -> None:
    written = disk.exchange(entry, disk.read(entry), put(1))
    assert written == disk.Written(entry, b"# title\n<!-- out 1 -->\nfirst\n", 1, None)
    assert entry.read_bytes() == written.content
    assert alone(entry)


@pytest.mark.parametrize("edit", [lambda text: None, lambda text: text])
def test_nothing_to_write_touches_nothing(entry: Path, edit: disk.Edit) -> None:
    before = entry.stat()
    assert disk.exchange(entry, disk.read(entry), edit) == disk.Written(entry, before and entry.read_bytes(), 0, None)
    assert entry.stat().st_ino == before.st_ino


def test_an_edit_of_an_older_text_is_made_again(entry: Path) -> None:
    base = disk.read(entry)
    editors.in_place(entry, b"# title\nfirst\nsecond\n")
    disk.exchange(entry, base, put(1))
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\nsecond\n"


@pytest.mark.parametrize("save", editors.SYSCALLS, ids=lambda save: save.__name__)
def test_a_save_during_the_edit_is_kept(entry: Path, save: editors.Save) -> None:
    texts = [b"# title\nfirst\nsecond\n", b"# title\nfirst\nsecond\nthird\n"]

    def saving(new: bytes, name: str) -> None:
        if texts:
            save(entry, texts.pop(0))

    disk.exchange(entry, disk.read(entry), put(1), before=saving)
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\nsecond\nthird\n"
    assert alone(entry)


@pytest.mark.parametrize("save", editors.PROGRAMS, ids=lambda save: save.__name__)
def test_real_programs_save_during_the_edit(entry: Path, save: editors.Save) -> None:
    todo = [b"# title\nfirst\nsecond\n"]
    disk.exchange(entry, disk.read(entry), put(1), before=lambda new, name: save(entry, todo.pop()) if todo else None)
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\nsecond\n"
    assert alone(entry)


def disguised(entry: Path, text: bytes) -> None:
    """Save a text of the same length in place, with the old time of change: only reading what comes out shows it."""
    found = entry.stat()
    assert len(text) == found.st_size
    entry.write_bytes(text)
    os.utime(entry, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_what_comes_out_is_read(entry: Path) -> None:
    todo = [b"# title\nFIRST\n"]
    inode = entry.stat().st_ino
    written = disk.exchange(
        entry, disk.read(entry), put(1), before=lambda new, name: disguised(entry, todo.pop()) if todo else None
    )
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nFIRST\n"
    assert written.rounds == 2
    assert alone(entry)
    assert entry.stat().st_ino != inode


def test_before_is_told_every_text(entry: Path) -> None:
    told: list[tuple[bytes, str]] = []

    def before(new: bytes, name: str) -> None:
        told.append((new, name))
        assert not (entry.parent / name).exists()

    disk.exchange(entry, disk.read(entry), put(1), before=before)
    assert [new for new, _ in told] == [entry.read_bytes()]
    assert told[0][1].startswith(".entry.md.nozzle-")


def test_a_failing_record_stops_the_write(entry: Path) -> None:
    def before(new: bytes, name: str) -> None:
        raise KeyError(name)

    with pytest.raises(KeyError):
        disk.exchange(entry, disk.read(entry), put(1), before=before)
    assert entry.read_bytes() == b"# title\nfirst\n"
    assert alone(entry)


def test_mode_owner_and_attributes_survive(entry: Path) -> None:
    entry.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(entry, 1234, 2345)
    try:
        os.setxattr(entry, "user.tag", b"blue")
    except OSError:
        pytest.skip("no extended attributes here")
    before = entry.stat()
    disk.exchange(entry, disk.read(entry), put(1))
    after = entry.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(entry, "user.tag") == b"blue"


def test_a_link_stays_and_its_target_is_written(entry: Path, tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "link.md"
    link.symlink_to("../entry.md")
    assert disk.exchange(link, disk.read(link), put(1)).path == link
    assert link.is_symlink()
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\n"


def test_other_hard_links_keep_the_old_text(entry: Path, tmp_path: Path) -> None:
    os.link(entry, tmp_path / "other.md")
    disk.exchange(entry, disk.read(entry), put(1))
    assert (tmp_path / "other.md").read_bytes() == b"# title\nfirst\n"


def test_this_folder_swaps(tmp_path: Path) -> None:
    assert disk.swaps(tmp_path) is (sys.platform in ("linux", "darwin"))
    assert not list(tmp_path.iterdir())


# An editor that holds the old file open


def test_a_late_save_through_the_old_file_is_taken_in(entry: Path) -> None:
    with entry.open("r+b", buffering=0) as editor:
        written = disk.exchange(entry, disk.read(entry), put(1))
        assert written.late is not None
        assert written.late.check() is None
        editor.write(b"# title\nfir")
        assert written.late.check() is None
        editor.write(b"st\nsecond\n")
    settle(written, put(1))
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\nsecond\n"
    assert alone(entry)


def test_a_late_editor_that_writes_nothing_is_let_go(entry: Path) -> None:
    with entry.open("r+b", buffering=0):
        written = disk.exchange(entry, disk.read(entry), put(1))
        assert written.late is not None
        assert not alone(entry)
    assert written.late.check() is None
    assert written.late.done
    assert alone(entry)


def test_a_program_that_ends_waits_for_a_late_save(entry: Path) -> None:
    editor = entry.open("r+b", buffering=0)

    def save() -> None:
        time.sleep(0.05)
        editor.write(b"# title\nfirst\nsecond\n")
        editor.close()

    typing = threading.Thread(target=save)
    typing.start()
    written = disk.rewrite(entry, put(1))
    typing.join()
    assert written == entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\nsecond\n"
    assert alone(entry)


@contextmanager
def saving_slowly(entry: Path) -> Iterator[None]:
    """Another process is in the middle of a save that takes 50 ms more."""
    code = (
        "import sys, time\n"
        "with open(sys.argv[1], 'wb', 0) as file:\n"
        "    file.write(b'# title\\nfir'); print(flush=True); time.sleep(0.05); file.write(b'st\\nsecond\\n')\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(entry)], stdout=subprocess.PIPE) as editor:
        assert editor.stdout is not None
        editor.stdout.readline()
        yield


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine 50 ms can be a second, and a file that has not changed for so long counts as saved."""
    monkeypatch.setattr("nozzle.disk.lease.STILL", 20.0)
    monkeypatch.setattr("nozzle.disk.lease.PATIENCE", 40.0)


@pytest.mark.usefixtures("patient")
def test_a_save_under_way_is_waited_for(entry: Path) -> None:
    with saving_slowly(entry):
        written = disk.exchange(entry, b"# title\nfirst\n", put(1))
    assert written == disk.Written(entry, b"# title\n<!-- out 1 -->\nfirst\nsecond\n", 1, None)


@pytest.mark.usefixtures("patient")
def test_half_a_save_is_not_read(entry: Path) -> None:
    with saving_slowly(entry):
        assert disk.read(entry) == b"# title\nfirst\nsecond\n"


def test_a_late_save_is_seen_without_leases(public: Path) -> None:
    """Whoever does not own the file gets none: then it counts as saved when it has not changed for a moment."""

    def late() -> None:
        with public.open("r+b", buffering=0) as editor:
            written = disk.exchange(public, b"", put(1))
            assert written.late is not None
            editor.write(b"# title\nFIRST\n")
            while (text := written.late.check()) is None:
                time.sleep(0.001)
            written.late.close()
            raise Refused(text.decode())

    if os.geteuid():
        pytest.skip("only root can be somebody else")
    assert in_child(late) == "Refused: # title\nFIRST\n"
    assert alone(public)


# A thousand interleavings


def author(entry: Path, seed: int) -> bytes:
    """Save three times in random ways, now and then reading anew in between; return what was saved last."""
    chance = random.Random(seed)
    buffer = entry.read_bytes()
    for number in range(3):
        time.sleep(chance.random() * 0.0015)
        if chance.random() < 0.5:
            buffer = entry.read_bytes()
        buffer += b"line %d of %d\n" % (number, seed)
        chance.choice(editors.SYSCALLS)(entry, buffer)
    return buffer


def saved(seed: int) -> bytes:
    return b"# title\nfirst\n" + b"".join(b"line %d of %d\n" % (number, seed) for number in range(3))


def test_a_thousand_saves_among_ours_lose_and_double_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from tests.test_disk import author\n"
        "for line in sys.stdin:\n"
        "    path, seed = line.split()\n"
        "    print(author(pathlib.Path(path), int(seed)).hex(), flush=True)\n"
    )
    entry, edits = tmp_path / "entry.md", []
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(__file__).parent.parent,
    )
    with process as editor:
        assert editor.stdin is not None
        assert editor.stdout is not None
        for seed in range(350):
            entry.write_bytes(b"# title\nfirst\n")
            editor.stdin.write(f"{entry} {seed}\n")
            late = []
            for number in range(4):
                time.sleep(random.random() * 0.002)
                edit = put(*range(number + 1))
                late.append(
                    disk.exchange(
                        entry,
                        b"",
                        lambda text, edit=edit: edits.append(text) or edit(text),
                        before=lambda *_: time.sleep(random.random() * 0.0005),
                    )
                )
            last = bytes.fromhex(editor.stdout.readline())
            for written in late:
                settle(written, put(*range(4)))
            final = disk.exchange(entry, disk.read(entry), put(*range(4))).content
            assert authors(final) == authors(last) == saved(seed), seed
            assert sorted(BLOCK.findall(final)) == [block(number) for number in range(4)], seed
            assert alone(entry), seed
    assert len(edits) > 4 * 350  # some saves did fall between reading and swapping


# A system that cannot swap


def never_swap() -> None:
    """Let the kernel refuse this process every renameat2(RENAME_EXCHANGE), as some file systems do."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    number = {"x86_64": 316, "aarch64": 276}[os.uname().machine]
    steps = [  # load the call's number, then its flags; refuse this one, allow all others
        (0x20, 0, 0, 0),
        (0x15, 0, 3, number),
        (0x20, 0, 0, 48),
        (0x15, 0, 1, 2),
        (0x06, 0, 0, 0x00050000 | errno.EINVAL),
        (0x06, 0, 0, 0x7FFF0000),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(steps), ctypes.addressof(code))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp")


@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"), reason="needs Linux to refuse a call"
)
def test_without_a_swap_it_is_replaced(entry: Path) -> None:
    late = [b"# title\nFIRST\n", b"# title\nFiRsT\n"]

    def check() -> None:
        never_swap()
        assert not disk.swaps(entry.parent)
        written = disk.exchange(entry, b"", put(1), before=lambda *_: disguised(entry, late.pop()) if late else None)
        raise Refused(f"{written.rounds} {written.late}")

    assert in_child(check, rights=True) == "Refused: 3 None"
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nFIRST\n"
    assert alone(entry)


# Killed


def forever(entry: Path, told: Path) -> None:
    """Write block after block, recording each text first, as the loop does in git."""
    log = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def before(new: bytes, name: str) -> None:
        os.write(log, new.hex().encode() + b"\n")

    for number in itertools.count():
        disk.exchange(entry, b"", put(number), before=before)


def test_killed_at_a_hundred_moments_both_texts_are_found(tmp_path: Path) -> None:
    chance = random.Random(7)
    entry, told = tmp_path / "entry.md", tmp_path / "told"
    found = 0
    for trial in range(100):
        saved = [b"# title\n", b"# title\nfirst of %d\n" % trial, b"# title\nfirst of %d\nsecond\n" % trial]
        entry.write_bytes(saved[0])
        told.write_bytes(b"")
        child = os.fork()
        if child == 0:
            try:
                forever(entry, told)
            finally:
                os._exit(1)
        while not told.stat().st_size and not os.waitpid(child, os.WNOHANG)[0]:  # a busy machine takes its time
            time.sleep(0.0001)
        for text in saved[1:]:
            time.sleep(chance.random() * 0.003)
            chance.choice((editors.in_place, editors.by_rename))(entry, text)
        time.sleep(chance.random() * 0.003)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        intended = [bytes.fromhex(line.decode()) for line in told.read_bytes().splitlines()]
        now, left = entry.read_bytes(), disk.leftovers([tmp_path])
        assert now in saved or now in intended
        unknown = [each.content for each in left if each.whole and each.content not in intended]
        assert authors(now) == saved[-1] or saved[-1] in unknown
        assert all(each.path == entry for each in left)
        assert all(
            any(text.startswith(each.content) for text in intended) or not each.whole or each.content in saved
            for each in left
        )
        found += bool(left)
        for each in left:
            disk.discard(each.temp)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["entry.md", "told"]
    assert found > 3  # of a hundred


def test_only_our_own_files_are_discarded(entry: Path) -> None:
    with pytest.raises(ValueError, match="not made by an exchange"):
        disk.discard(entry)
    assert disk.leftovers([entry.parent]) == []
    with pytest.raises(Unreadable, match="there is no such file"):
        disk.leftovers([entry.parent / "missing"])


# What cannot be read or written


def words(error: pytest.ExceptionInfo[NozzleError]) -> str:
    return str(error.value)


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    os.mkfifo(tmp_path / "pipe")
    for name, expected in {
        ".": "is a folder, not a file",
        "missing.md": "there is no such file",
        "one": "symbolic links go round",
        "pipe": "is no regular file",
    }.items():
        with pytest.raises(Unreadable, match=expected):
            disk.read(tmp_path / name)
        with pytest.raises(Unreadable, match=expected):
            disk.exchange(tmp_path / name, b"", put(1))


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.md"
    with huge.open("wb") as file:
        file.truncate(disk.LARGEST + 1)
    with pytest.raises(Unreadable, match="larger than 100 MB"):
        disk.read(huge)


def in_child(action: Callable[[], object], *, rights: bool = False) -> str:
    """Run `action` in a child, without root's rights; return the kind and words of its error."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0 and not rights:
                os.seteuid(65534)
            action()
        except NozzleError as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


@pytest.fixture
def public() -> Iterator[Path]:
    """An entry in a folder that is open to everybody, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = Path(folder, "entry.md")
        path.write_bytes(b"# title\nfirst\n")
        path.chmod(0o666)
        yield path


def test_no_permission_is_said_and_nothing_is_lost(public: Path) -> None:
    entry = public
    entry.chmod(0o444)
    assert "no permission to write it" in in_child(lambda: disk.exchange(entry, b"", put(1)))
    entry.chmod(0)
    assert in_child(lambda: disk.read(entry)) == f"Unreadable: {entry}: no permission"
    entry.chmod(0o666)
    entry.parent.chmod(0o555)
    assert "no permission to make a file beside it" in in_child(lambda: disk.exchange(entry, b"", put(1)))
    entry.parent.chmod(0o755)
    assert entry.read_bytes() == b"# title\nfirst\n"
    assert alone(entry)


def test_another_owner_without_root_keeps_the_mode(public: Path) -> None:
    entry = public
    assert in_child(lambda: disk.exchange(entry, b"", put(1)).late and None) == ""
    assert entry.read_bytes() == b"# title\n<!-- out 1 -->\nfirst\n"
    assert stat.S_IMODE(entry.stat().st_mode) == 0o666
    for each in disk.leftovers([entry.parent]):
        disk.discard(each.temp)


def test_a_full_disk_is_said_and_nothing_is_lost(entry: Path) -> None:
    script = entry.parent.parent / "full.py"
    script.write_text(
        "import pathlib, sys\n"
        "from nozzle import disk\n"
        "from nozzle.errors import Unwritable\n"
        "path = pathlib.Path(sys.argv[1]) / 'entry.md'\n"
        "path.write_bytes(b'# title\\n' * 2000)\n"
        "try:\n"
        "    disk.exchange(path, b'', lambda text: text + b'x' * 60000)\n"
        "except Unwritable as error:\n"
        "    print(error, [each.name for each in path.parent.iterdir()], len(path.read_bytes()))\n"
    )
    mount = f"mount -t tmpfs -o size=64k none {entry.parent} && {sys.executable} {script} {entry.parent}"
    ran = subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True, text=True)
    if "ermitted" in ran.stderr or "denied" in ran.stderr:
        pytest.skip("may not mount here")
    assert ran.stdout.endswith(
        "the disk is full; make room, then try again; the author's text is untouched ['entry.md'] 16000\n"
    )


def test_a_size_limit_is_said_and_nothing_is_lost(public: Path) -> None:
    entry = public

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        disk.exchange(entry, b"", lambda text: text + b"x" * 2000)

    assert "Unwritable: " in in_child(limited)
    assert entry.read_bytes() == b"# title\nfirst\n"
    assert alone(entry)


def test_a_name_too_long_is_said(tmp_path: Path) -> None:
    entry = tmp_path / ("x" * 250)
    entry.write_bytes(b"# title\n")
    with pytest.raises(Unwritable, match="name is too long"):
        disk.exchange(entry, b"", put(1))
