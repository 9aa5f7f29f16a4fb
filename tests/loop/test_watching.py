"""What is saved anywhere in the journal reaches the entry that it belongs to."""

from nozzle.watch import Unseen
from nozzle.words.watch import hear

from .conftest import Watched, cells, outputs


def test_a_target_that_is_saved_behind_a_link_is_a_save_of_its_entry(watched: Watched) -> None:
    target = watched.save("# Title\n", "notes/real.md")
    link = watched.workshop.root / "journal" / "linked.md"
    link.parent.mkdir()
    link.symlink_to(target)
    watched.until(lambda: watched.ask(lambda loop: link in loop.desks))
    target.write_text(cells("print('through the link')"))
    watched.until(lambda: outputs(target.read_text()))
    assert link.is_symlink()


def test_a_folder_called_site_below_the_root_is_watched(watched: Watched) -> None:
    path = watched.save(cells("print(1)"), "journal/site/entry.md")
    watched.until(lambda: outputs(path.read_text()))


def test_a_folder_that_cannot_be_watched_is_told(watched: Watched) -> None:
    hear(watched.loop, Unseen(watched.workshop.root, "journal/x: cannot be watched, allow more"))
    watched.until(lambda: watched.told("warning"))
    assert watched.told("warning") == ["journal/x: cannot be watched, allow more"]
