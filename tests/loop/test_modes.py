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


def test_what_is_saved_below_a_cell_that_was_stopped_is_told_to_wait(watched: Watched) -> None:
    watched.save("```{code-cell} bash\necho begun; sleep 60\n```\n")
    watched.until(lambda: watched.told("stream") or watched.ask(lambda loop: any(d.run for d in loop.desks.values())))
    watched.until(lambda: watched.ask(lambda loop: any(desk.stop() for desk in loop.desks.values())))
    watched.until(lambda: "status=stopped" in watched.read())
    watched.save(watched.read() + "\n```{code-cell} bash\necho new\n```\n")
    watched.until(lambda: watched.told("held"))
    assert "which did not end: 'nozzle run' takes it up again" in watched.told("held")[-1]
