"""Help is documentation: every word has it, and stands in README."""

import re
from pathlib import Path

import click
import pytest

from nozzle.cli import TITLES, WORDS, cli
from tests.words.conftest import Say

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.parametrize("word", [word for word, _, _ in WORDS])
def test_every_word_has_help_and_stands_in_readme(word: str) -> None:
    command = cli.get_command(click.Context(cli), word)
    assert command is not None
    assert command.help
    assert len(command.help.split()) > 8
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert re.search(rf"`nozzle {word}\b", README)


def test_help_shows_the_words_by_group(say: Say) -> None:
    said = say("--help")
    assert said.status == 0
    assert [line.rstrip(":") for line in said.out.splitlines() if line.rstrip(":") in TITLES.values()] == list(
        TITLES.values()
    )
    assert all(len(line) <= 100 for line in said.out.splitlines())


def test_a_word_that_is_none_is_answered_with_the_nearest(say: Say) -> None:
    with pytest.raises(click.UsageError, match="Did you mean 'rewind'"):
        say("rewnd")
