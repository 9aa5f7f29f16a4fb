"""An editor that had the file open saves after it was exchanged: whoever exchanged it, the text finds its place."""

import os
from pathlib import Path

from nozzle.loop import Loop
from nozzle.side import Side
from tests.loop.conftest import Watched, cells, outputs

TYPED = "\nTHE AUTHOR TYPED THIS\n"


def kept(watched: Watched) -> bool:
    """Whether what he typed is in some step, on some thread."""
    return TYPED.strip() in watched.git("log", "--all", "-p")


def test_the_entry_gets_another_name_at_the_same_moment(watched: Watched) -> None:
    path = watched.save("# T\n")
    watched.quiet()
    text = cells("print(1)")
    editor = os.open(path, os.O_RDWR)
    os.pwrite(editor, text.encode(), 0)
    path.open("r+b").close()  # that he saved is seen, while he has it open
    watched.until(lambda: outputs(watched.read()))
    path.rename(path.with_name("renamed.md"))
    os.pwrite(editor, (text + TYPED).encode(), 0)
    os.close(editor)
    watched.until(lambda: kept(watched) or TYPED in watched.read("journal/renamed.md"))


def test_a_line_typed_at_a_prompt_is_kept_meanwhile(watched: Watched) -> None:
    path = watched.save(cells("x = 1\nprint(x)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    editor = os.open(path, os.O_RDWR)

    def keep(loop: Loop) -> None:
        side = Side(loop.desks[path], os.getpid())
        side.keep("print('kept')", "python")
        side.session.close()

    watched.ask(keep)
    text = os.pread(editor, 100_000, 0)
    os.pwrite(editor, text + TYPED.encode(), 0)
    os.close(editor)
    watched.until(lambda: TYPED in watched.read())
    watched.until(lambda: "kept\n```" in watched.read())
    assert watched.read().count("print('kept')") == 1
    watched.until(lambda: [each.name for each in path.parent.iterdir() if ".nozzle-" in each.name] == [])


def test_a_folder_of_entries_is_taken_away_and_comes_back(watched: Watched, tmp_path: Path) -> None:
    name = "journal/sub/a.md"
    folder = watched.save(cells("print('one')"), name).parent
    watched.until(lambda: outputs(watched.read(name)))
    watched.quiet()
    os.rename(folder, tmp_path / "elsewhere")
    watched.until(lambda: name not in watched.git("ls-tree", "-r", "--name-only", "HEAD"))
    os.rename(tmp_path / "elsewhere", folder)
    watched.until(lambda: name in watched.git("ls-tree", "-r", "--name-only", "HEAD"))


def test_what_cells_read_counts_under_the_new_name_too(watched: Watched) -> None:
    data, name = watched.workshop.root / "data.csv", "journal/other.md"
    data.write_text("1")
    path = watched.save("# T\n")
    watched.quiet()
    path.rename(watched.workshop.root / name)
    watched.until(lambda: watched.ask(lambda loop: watched.workshop.root / name in loop.desks))
    watched.save("# T\n" + cells("print(open('../data.csv').read())"), name)
    watched.until(lambda: "\n1\n" in watched.read(name))
    watched.quiet()
    data.write_text("222")
    watched.until(lambda: "\n222\n" in watched.read(name))
