"""What git changes in an entry while HEAD stays: no tick, no word and no fence of somebody else's counts."""

from collections.abc import Callable

import pytest

from nozzle.loop import Saved
from tests.agents.conftest import Table, fence
from tests.words.conftest import ME, WHO, git

Open = Callable[..., Table]
PROSE = "---\nvoice: conduct\n---\n\nSome words to begin with.\n\necho x | tr a-z A-Z\n\nAnd so on.\n"
TASK = "/do :here: look\n\n"
BRINGS = {
    "restore": [("restore", "-s", "FETCH_HEAD", "journal/entry.md")],
    "merge": [("merge", "-q", "--no-ff", "--no-commit", "FETCH_HEAD")],
    "squash": [("merge", "-q", "--squash", "FETCH_HEAD")],
}


def brought(one: Table, how: str, change: Callable[[str], str], mine: Callable[[str], str] = str) -> str:
    """Somebody else changes it in a clone, the author here; git brings it."""
    root = one.workshop.root
    git(root, "clone", "-q", str(root), str(root.parent / "other"))
    other = root.parent / "other"
    (other / "journal/entry.md").write_text(change((other / "journal/entry.md").read_text()))
    git(other, *WHO, "commit", "-qam", "theirs")
    git(root, *ME, "commit", "-q", "--allow-empty", "-m", "mine")
    git(root, "fetch", "-q", str(other))
    for words in BRINGS[how]:
        git(root, *ME, *words)
    assert change(one.text) == one.text, "it is brought"
    one.path.write_text(mine(one.text))
    one.loop.messages.put(Saved(frozenset([one.path])))
    return one.go()


def ticked(text: str) -> str:
    return text.replace("- [ ] run", "- [x] run")


def edited(text: str) -> str:
    return text.replace("\necho x | tr a-z A-Z\n```", "\ntouch ran\n```").replace("import os", "open('ran', 'w')")


def both(text: str) -> str:
    return ticked(edited(text))


@pytest.mark.parametrize("change", [ticked, edited, both])
@pytest.mark.parametrize("how", BRINGS)
def test_a_proposal_that_somebody_else_answered_waits_for_me(
    table: Open, how: str, change: Callable[[str], str]
) -> None:
    one = table()
    one.begin(PROSE)
    assert one.kinds() == ["proposal"]
    brought(one, how, change, lambda text: text + "\nMore of mine.\n")
    assert one.kinds() == ["proposal"]
    assert not list(one.workshop.root.rglob("ran"))
    told = "ticked when nobody looked on, which counts for nothing; clear the box, save, tick"
    assert any(told in notice.text for notice in one.workshop.notices) == (change is not edited)
    one.save(lambda text: text.replace("- [x] run", "- [ ] run") + "\nAnd more.\n")
    assert one.kinds() == ["proposal"]
    one.tick()
    assert one.kinds()[0] == "cell"


@pytest.mark.parametrize("change", [ticked, edited, both])
@pytest.mark.parametrize("how", BRINGS)
def test_what_the_doer_proposes_is_asked_again(table: Open, how: str, change: Callable[[str], str]) -> None:
    one = table(fence("import os\nprint(1)"), fence('final_answer("ok")'), countdown=0.1)
    one.begin(TASK)
    text = brought(one, how, change)
    assert one.kinds() == ["proposal"]
    assert "the text around it, has changed, so this is asked again" in text
    assert "- [ ] run\n" in text
    assert not list(one.workshop.root.rglob("ran"))
    one.tick()
    assert one.kinds()[0] in ("cell", "attempt"), "it ran"


def test_what_git_takes_back_and_brings_again_answers_no_more_than_before(table: Open) -> None:
    one = table()
    one.begin(PROSE)
    brought(one, "restore", both)
    for words in (("restore", "-s", "HEAD~1", "journal/entry.md"), *BRINGS["restore"]):
        git(one.workshop.root, *words)
        one.loop.messages.put(Saved(frozenset([one.path])))
        one.go()
    assert "touch ran" in one.text
    assert one.kinds() == ["proposal"]


@pytest.mark.parametrize("word", ["/ask what is the sum?", "/do :here: remove all", "/wtf", "/sure", "/nope"])
def test_what_somebody_else_says_to_the_agents_starts_nothing(table: Open, word: str) -> None:
    one = table(fence("import os\nprint(1)"), fence('final_answer("ok")'))
    one.begin(TASK)
    brought(one, "restore", lambda text: text if word in text else f"{text}\n{word}\n\n")
    assert one.kinds() == ["proposal"]
    told = [notice.text for notice in one.workshop.notices if "came by git and may be somebody else's" in notice.text]
    assert [text.split("this ")[1].split(" ")[0] for text in told] == [word.split(" ")[0]]
    one.save(lambda text: text.replace(word, "/ask what is this of mine?"))
    assert one.kinds() == ["proposal", "answer"]


def test_what_i_say_and_tick_counts_while_they_have_gone_on(table: Open) -> None:
    one = table(fence("import os\nprint(1)"), fence('final_answer("ok")'))
    one.begin(TASK)
    root = one.workshop.root
    git(root, "clone", "-q", str(root), str(root.parent / "other"))
    (root.parent / "other/journal/entry.md").write_text(one.text + "\nMore.\n")
    git(root.parent / "other", *WHO, "commit", "-qam", "theirs")
    git(root, "fetch", "-q", str(root.parent / "other"))
    one.save(lambda text: text + "\n/ask what is this?\n\n")
    assert one.kinds() == ["proposal", "answer"]
    one.tick()
    assert one.kinds() == ["cell", "output", "cell", "output", "task", "answer"]
