"""What a save may start is the author's to say: `run: save`, `ask` or `never`."""

import pytest

from .conftest import Watched, cells, outputs


def moded(mode: str) -> str:
    return f"---\nrun: {mode}\n---\n\n" + cells("print('ran')")


@pytest.mark.parametrize("mode", ["ask", "never"])
def test_an_entry_that_says_so_runs_nothing_on_a_save_and_says_how_it_would(watched: Watched, mode: str) -> None:
    path = watched.save(moded(mode))
    watched.until(lambda: watched.told("held"))
    watched.quiet()
    assert watched.read() == moded(mode)
    assert watched.told("held") == [f"this entry says run: {mode}; 'nozzle run journal/entry.md' runs it"]
    watched.ask(lambda loop: loop.advance([path]))
    watched.until(lambda: outputs(watched.read()))


def test_an_entry_that_says_save_runs_whatever_the_settings_say(watched: Watched) -> None:
    object.__setattr__(watched.loop.tools.settings, "run", "never")
    watched.save(cells("print('held')"), "journal/other.md")
    watched.save(moded("save"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    assert "nozzle:output" not in watched.read("journal/other.md")
