"""Nothing that nozzle writes or takes away in a journal goes through a link, whoever left it there."""

import json
from hashlib import blake2b
from pathlib import Path

import pytest

from nozzle.errors import Unwritable
from nozzle.steps import Steps
from nozzle.words.condense import keep
from nozzle.words.journal import journal
from tests.words.conftest import Say, cell, entry, git

LONG = cell("print(*range(500), sep='\\n')")
Link = tuple[str, str]
"""Where it lies in the journal, and where it leads outside."""
WRITES: tuple[tuple[Link, tuple[str, ...]], ...] = (
    ((".github", "."), ("publish", "--pages")),
    ((".github/workflows", "."), ("publish", "--pages")),
    ((".github/workflows/pages.yml", "pages.yml"), ("publish", "--pages")),
    (("nozzle.keys", "keys"), ("run", "journal/entry.md")),
    ((".gitignore", "ignore"), ("new", "Title")),
    (("nozzle.mjs", "mjs"), ("new", "Title")),
    (("posts", "."), ("new", "Title", "--folder", "posts/2026")),
    (("posts", "."), ("import", "log.md", "--to", "posts/log.md")),
    (("site", "."), ("build",)),
    (("site/journal", "."), ("build",)),
    (("site/journal/2026", "."), ("build",)),
    (("site/index.html", "index.html"), ("build",)),
    (("docs", "."), ("publish", "--to", "docs/site", "--anyway")),
    (("journal/_out", "."), ("run", "journal/entry.md")),
    (("journal/entry-condensed.md", "condensed.md"), ("condense", "journal/entry.md", "--post")),
    ((".nozzle", "."), ("run", "journal/entry.md")),
    ((".nozzle", "."), ("ask", "journal/entry.md", "what is it?")),
    ((".nozzle/recall.db", "recall.db"), ("ask", "journal/entry.md", "what is it?")),
    ((".nozzle/.gitignore", "ignore"), ("ask", "journal/entry.md", "what is it?")),
)  # fmt: skip


@pytest.mark.parametrize(("link", "words"), WRITES, ids=lambda each: " ".join(each))
def test_no_word_writes_through_a_link(say: Say, folder: Path, link: Link, words: tuple[str, ...]) -> None:
    git(folder, "init", "-q")
    entry(folder, "# E\n\n" + LONG)
    entry(folder, "# D\n", "journal/2026/deep.md")
    (folder / "myst.yml").write_text("version: 1\n")
    (folder / "log.md").write_text("ASKED\n\nwhat?\n\nRESPONDING\n\nthat.\n")
    outside = folder.parent / "outside"
    outside.mkdir()
    place = folder / link[0]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside / link[1])
    said = say(*words)
    assert list(outside.iterdir()) == []
    assert "Traceback" not in said.out


def test_a_site_takes_nothing_away_through_a_link(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    entry(folder, "# E\n")
    assert say("build").status == 0
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "theirs.txt").write_text("known")
    (folder / "site/x").symlink_to(outside)
    (folder / "site/y.txt").symlink_to(outside / "theirs.txt")
    manifest = folder / "site/.nozzle-site.json"
    known = json.loads(manifest.read_text())
    name = blake2b(b"known", digest_size=12).hexdigest()
    known["files"] |= {"x/theirs.txt": name, "y.txt": name}
    manifest.write_text(json.dumps(known))
    assert say("build").status == 0
    assert (outside / "theirs.txt").read_text() == "known"


def test_what_a_merge_takes_away_is_not_taken_away_behind_a_link(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    entry(folder, "# E\n")
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "data.csv").write_text("theirs")
    (folder / "made").symlink_to(outside)
    with Steps.open(folder) as steps, pytest.raises(Unwritable, match="made is a link"):
        steps.put_files({"made/data.csv": None})
    assert (outside / "data.csv").read_text() == "theirs"


def test_no_map_is_kept_through_a_link(folder: Path) -> None:
    git(folder, "init", "-q")
    path, outside = entry(folder, "# E\n"), folder.parent / "outside"
    outside.mkdir()
    (folder / "journal/_out").symlink_to(outside)
    with journal(path) as here, pytest.raises(Unwritable, match="_out is a link"):
        keep(here, path)
    assert list(outside.iterdir()) == []
