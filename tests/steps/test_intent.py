"""What is about to be written is in git first."""

from nozzle.steps import Steps

from .conftest import Author, made


def test_an_intent_is_kept_until_it_is_fulfilled(author: Author, steps: Steps) -> None:
    assert steps.intent() is None
    steps.fulfilled()
    steps.intend({"base": b"\xff\r\n", "meta.json": "{}", "files/_out/ä b.png": b"", "new": "\udcff"})
    author.git("gc", "-q", "--prune=now")
    with Steps.open(author.root) as later:
        assert later.intent() == {
            "base": b"\xff\r\n",
            "meta.json": b"{}",
            "files/_out/ä b.png": b"",
            "new": b"\xff",
        }
        later.intend({"base": b"second"})
    assert steps.intent() == {"base": b"second"}
    steps.fulfilled()
    assert steps.intent() is None
    author.sound()


def test_an_intent_is_no_step(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    steps.intend({"base": b"x"})
    assert len(list(steps.history())) == 1
    assert author.git("log", "--all", "--oneline").count("\n") == 0
    assert author.status() == ""
