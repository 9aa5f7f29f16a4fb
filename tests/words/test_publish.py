"""publish: brought out, or refused with the reason."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nozzle import __version__
from nozzle.document.entry import Entry
from nozzle.errors import Refused
from nozzle.explainer.links import link
from nozzle.words import publish
from nozzle.words.workflow import pages
from tests.words.conftest import Say, cell, entry, git

ME = ("-c", "user.name=I", "-c", "user.email=i@example.org")
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def journal(say: Say, folder: Path) -> Path:
    entry(folder, "# One\n\n" + cell("print('out')"))
    assert say("run").status == 0
    return folder


def test_to_a_folder_what_others_put_there_stays_and_what_was_withdrawn_goes(say: Say, journal: Path) -> None:
    out = journal.parent / "out"
    out.mkdir()
    (out / "mine.txt").write_text("MINE")
    assert say("publish", "--to", str(out)).status == 0
    assert (out / "journal" / "entry.html").is_file()
    (journal / "journal" / "entry.md").rename(journal / "journal" / "other.md")
    assert say("publish", "--to", str(out)).status == 0
    assert not (out / "journal" / "entry.html").exists()
    assert (out / "mine.txt").read_text() == "MINE"


def test_to_a_branch_no_file_of_the_authors_is_touched(say: Say, journal: Path) -> None:
    before = git(journal, "status", "--porcelain"), git(journal, "rev-parse", "HEAD")
    assert say("publish", "--branch", "gh-pages").status == 0
    assert (git(journal, "status", "--porcelain"), git(journal, "rev-parse", "HEAD")) == before
    files = git(journal, "ls-tree", "-r", "--name-only", "gh-pages").split()
    assert {"index.html", "journal/entry.html"} <= set(files)
    assert not [name for name in files if name.startswith(".nozzle")]


def installed(monkeypatch: pytest.MonkeyPatch, told: dict[str, object] | None) -> None:
    """As if this nozzle had come from there; None: from a package index."""
    text = json.dumps(told) if told else None
    came = SimpleNamespace(version=__version__, read_text=lambda name: text)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: came)


def test_pages_writes_the_workflow_with_the_nozzle_that_wrote_it(
    say: Say, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, None)
    assert say("publish", "--pages").status == 0
    written = (journal / ".github" / "workflows" / "pages.yml").read_text()
    assert "nozzle verify --attest" in written
    assert f"run: pip install nozzle=={__version__}\n" in written
    assert say("publish", "--pages").status == 0
    (journal / ".github" / "workflows" / "pages.yml").write_text("mine")
    assert say("publish", "--pages").status == Refused.status


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("git@example.org:me/nozzle.git", "https://example.org/me/nozzle.git"),
        ("https://me:word@example.org/nozzle", "https://example.org/nozzle"),
        ("/srv/nozzle.git", ""),
        ("", ""),
    ],
)
def test_of_a_nozzle_from_a_checkout_the_workflow_names_what_all_can_reach(
    say: Say, journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote: str, told: str
) -> None:
    """And no package of an index, which is another one; where there is no such place, that is said."""
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    git(checkout, "init", "-q"), git(checkout, *ME, "commit", "-q", "--allow-empty", "-m", "one")
    if remote:
        git(checkout, "remote", "add", "origin", remote)
    installed(monkeypatch, {"url": checkout.as_uri(), "dir_info": {}})
    assert "as no other machine can" in say("publish", "--pages").out  # nobody has that commit
    git(checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    said = say("publish", "--pages")
    commit, workflow = git(checkout, "rev-parse", "HEAD"), journal / ".github" / "workflows" / "pages.yml"
    assert workflow.exists() is (said.status == 0) is bool(told)
    if told:
        assert f"run: pip install 'nozzle @ git+{told}@{commit}'\n" in workflow.read_text()


def test_nozzle_publishes_its_own_journal_by_the_workflow_it_writes() -> None:
    root = Path(__file__).parents[2]
    assert (root / ".github" / "workflows" / "pages.yml").read_text() == pages(root)


@pytest.mark.parametrize("fault", ["link", "output", "unsigned", "secret", "attached", "picture", "hidden"])
def test_what_is_wrong_is_refused_and_named(say: Say, journal: Path, fault: str) -> None:
    path = journal / "journal" / "entry.md"
    text = path.read_text()
    attached = journal / "journal" / "c.txt"
    if fault == "link":
        path.write_text(text + "\n[nowhere](nowhere.md)\n")
    elif fault == "output":
        path.write_text(text.replace("out\n```", "forged\n```"))
    elif fault == "unsigned":
        path.write_text(re.sub(r"<!-- /nozzle .*-->", "<!-- /nozzle -->", text))
    elif fault == "secret":
        path.write_text(text + f"\nthe key is {TOKEN}\n")
    elif fault == "attached":
        attached.write_text(TOKEN)
        path.write_text(text + "\n[notes](c.txt)\n")
    elif fault == "picture":
        (journal / "journal" / "p.png").write_bytes(
            b"\x89PNG\r\n\x1a\n\0\0\0\x2dtEXtComment\0" + TOKEN.encode() + b"\0"
        )
        path.write_text(text + "\n![a picture](p.png)\n")
    else:
        attached.symlink_to("../.git/config")
        path.write_text(text + "\n[notes](c.txt)\n")
    out = journal.parent / "out"
    said = say("publish", "--to", str(out))
    assert said.status == Refused.status
    assert "against publishing" in said.out
    if fault == "secret":
        line = path.read_text().count("\n")
        assert f"✗ journal/entry.md: line {line} looks like a secret" in said.out
        assert "1 thing stands against" in said.out
    elif fault == "attached":
        assert "✗ journal/c.txt: line 1 looks like a secret" in said.out
    elif fault == "picture":
        assert "✗ journal/p.png: what looks like a secret (github token) is in it" in said.out
    assert not out.exists()
    assert say("publish", "--to", str(out), "--anyway").status == 0
    assert not [one for one in out.rglob("*") if one.is_file() and b"repositoryformatversion" in one.read_bytes()]


def test_what_goes_out_is_what_was_checked_whatever_is_saved_meanwhile(
    say: Say, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, check = journal / "journal" / "entry.md", publish._check

    def saved_meanwhile(*words: Any) -> None:
        check(*words)
        path.write_text(f"# One\n\n{TOKEN}\n")

    monkeypatch.setattr(publish, "_check", saved_meanwhile)
    out = journal.parent / "out"
    assert say("publish", "--to", str(out)).status == 0
    assert "out" in (out / "journal" / "entry.html").read_text()
    assert not [one for one in out.rglob("*") if one.is_file() and TOKEN.encode() in one.read_bytes()]


UNREAD = {
    "no-yaml": "---\ntitle: a: b: [x\ndraft: true\n---\n\nnot yet\n",
    "conflict": "---\ntitle: Mine\n<<<<<<< HEAD\n=======\ndraft: true\n>>>>>>> other\n---\n\nnot yet\n",
    "unclosed": "---\ndraft: true\n\nnot yet\n",
}


@pytest.mark.parametrize("fault", UNREAD)
def test_an_entry_that_cannot_be_read_as_it_was_meant_is_refused_and_shown_to_nobody(
    say: Say, journal: Path, fault: str
) -> None:
    entry(journal, UNREAD[fault], "journal/secret-plan.md")
    out = journal.parent / "out"
    said = say("publish", "--to", str(out))
    assert said.status == Refused.status
    assert "✗ journal/secret-plan.md: line " in said.out
    assert say("publish", "--to", str(out), "--anyway").status == 0
    built = say("build")
    assert "! journal/secret-plan.md: line " in built.out
    for folder in (out, journal / "site"):
        assert not [one for one in folder.rglob("*") if one.is_file() and b"not yet" in one.read_bytes()]
        assert not (folder / "journal" / "secret-plan.html").exists()
    assert "not yet" in (say("build", "--drafts") and (journal / "site/journal/secret-plan.html").read_text())


def test_a_cell_that_stood_in_an_earlier_step_is_no_broken_link(say: Say, folder: Path) -> None:
    entry(folder, "---\ndate: 2026-01-01\n---\n\n# T\n\nIt was [this](#cell-77d7271c2a20).\n\n" + cell("print(1)"))
    say("run")
    assert say("publish", "--to", "../out").status == 0


def test_a_link_to_a_cell_by_its_code_holds_when_a_cell_above_it_changes(say: Say, folder: Path) -> None:
    entry(folder, "# T\n\n" + cell("a = 1") + "\n" + cell("print(a)") + "\n" + cell("print(a)"))
    say("run")
    path = folder / "journal/entry.md"
    links = " and ".join(link(each) for each in Entry(path.read_text()).cells[1:])
    path.write_text(path.read_text().replace("a = 1", "a = 2") + f"\nShown by {links}.\n")
    say("run")
    assert say("publish", "--to", "../out").status == 0
    page = (folder.parent / "out/journal/entry.html").read_text()
    for target in re.findall(r'href="#(cell-[^"]*)"', page):
        assert page.count(f'id="{target}"') == 1
    assert len(set(re.findall(r'href="#(cell-[^"]*)"', page))) == 2


def test_a_link_left_in_the_site_is_not_written_through(say: Say, journal: Path) -> None:
    assert say("build").status == 0
    victim = journal / "victim"
    victim.write_text("mine")
    page = journal / "site" / "journal" / "entry.html"
    page.unlink()
    page.symlink_to(victim)
    path = journal / "journal" / "entry.md"
    path.write_text(path.read_text() + "\nmore\n")
    say("build")
    assert victim.read_text() == "mine"
