"""Where a text came from: steps made in a row are this clone's own, each of them."""

from nozzle.steps import Record, Steps

from .conftest import Author, made


def row(number: int) -> Record:
    return Record("cell", "a.md", f"row {number}", {"a.md": f"{number}\n".encode()})


def test_every_step_of_a_row_was_made_here(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        steps.record_all([row(1), row(2), row(3)])
    with Steps.open(author.root) as again:
        assert again.alone()


def test_a_commit_of_somebody_else_among_them_is_foreign(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        author.git("switch", "-qc", "theirs")
        author.commit("a.md", "theirs")
        author.git("switch", "-q", "main")
        author.git("reflog", "expire", "--expire=now", "--all")
        author.git("merge", "-q", "--ff-only", "theirs")
        steps.record_all([row(1), row(2)])
    with Steps.open(author.root) as again:
        assert not again.alone()
