"""The page as a place to be: a real watch, a real browser, a real repository."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from nozzle.beside import Notice
from nozzle.desk import EXPOSED
from nozzle.document.entry import Entry
from nozzle.document.thought.map import Map
from nozzle.document.thought.said import named
from nozzle.lm import Reply, Scripted, Stop, Usage
from nozzle.lm.model import Call, Tell
from nozzle.loop import Called, Loop, Quit
from nozzle.page import Deed, Done
from nozzle.words.beside import beside
from nozzle.words.deeds import Doing
from nozzle.words.door import Door
from nozzle.words.hush import Hush
from nozzle.words.journal import Journal, journal
from nozzle.words.live import showing
from nozzle.words.run import looping
from nozzle.words.site import build_site
from nozzle.words.voice import Ears, Voice
from nozzle.words.watch import _page, begin, nobody, watching
from tests.page.browser import Browser
from tests.page.chromium import BINARY, Chromium
from tests.words.conftest import Say, entry, git, until

RAMBLE = """---
title: Scan
---

I wonder whether the bandwidth is the limit.

```{code-cell} python
#| label: ten
print(sum(range(5)))
```
"""
PAGE = "journal/scan.html"
MOVE = "Look.\n\n```{code-cell} python\nimport socket\nprint(bool(socket))\n```"
END = "Done.\n\n```{code-cell} python\nfinal_answer('It is there.')\n```"
looked = pytest.mark.skipif(BINARY is None, reason="no Chromium here")


def offered(page: Chromium, count: int) -> None:
    """Wait until the page says that so many proposals wait."""
    page.until(f"document.querySelector('[aria-controls=deed-offers]')?.textContent === 'Proposals {count}'")


@dataclass
class Watched:
    """A watch that runs over a journal with one entry."""

    here: Journal
    loop: Loop
    told: list[str]

    @property
    def link(self) -> str:
        found = next(line for line in self.told if "token=" in line)
        return found.split()[-1].replace("/?", f"/{PAGE}?")

    @property
    def text(self) -> str:
        return (self.here.root / "journal/scan.md").read_text()

    def act(self, word: str, **args: str) -> Done:
        return Doing(self.here, self.loop)(Deed(word, PAGE, args))


def watch(
    folder: Path,
    drive: Callable[[Watched], None],
    host: str = "",
    text: str = RAMBLE,
    model: Scripted | None = None,
    threads: bool = False,
    settle: float = 0.2,
    countdown: float = 5.0,
) -> None:
    """Run a watch here while `drive` does what a person would, in a thread of its own."""
    (folder / "journal").mkdir()
    (folder / "journal/scan.md").write_text(text)
    (folder / "nozzle.toml").write_text(f"quiet = 0.2\nsettle = {settle}\ncountdown = {countdown}\n")
    failed: list[BaseException] = []
    with journal(folder, make=True) as here:
        here.model = model
        told: list[str] = []
        voice = Voice(out=lambda text, *_: told.append(text))
        ears = Ears(Hush(here.redact), voice)
        with looping(here, ears) as loop:

            def driven() -> None:
                try:
                    drive(Watched(here, loop, told))
                except BaseException as error:
                    failed.append(error)
                finally:
                    loop.messages.put(Quit())

            begin(loop, here, voice)
            with (
                _page(loop, here, voice, ears, (True, host, 0)) as shown,
                watching(loop, here, shown.first.seen if shown else nobody),
                beside(here, voice, voice.say, loop, shown) if threads else nullcontext(),
            ):
                thread = threading.Thread(target=driven)
                thread.start()
                loop.run()
            thread.join()
    if failed:
        raise failed[0]


def test_what_is_written_is_in_the_file_and_a_step(folder: Path) -> None:
    def drive(here: Watched) -> None:
        assert here.act("write", what="prose", text="We measure.").say == "written"
        assert here.text.endswith("```\n\nWe measure.\n")
        assert here.text.startswith(RAMBLE)

    watch(folder, drive)
    assert git(folder, "show", "HEAD:journal/scan.md").endswith("We measure.")


def test_pages_that_ask_for_the_map_of_the_same_text_have_it_drawn_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def condense(found: Entry) -> Map:
        drawn.append(found.text)
        time.sleep(0.2)
        return Map((), ())

    monkeypatch.setattr("nozzle.document.thought.map.condense", condense)
    path = entry(folder, "We measure.\n")
    with journal(folder, make=True) as here, looping(here, Ears(Hush(here.redact), Voice())) as loop:
        doing, asked = Doing(here, loop), Deed("map", f"journal/{path.stem}.html")
        with ThreadPoolExecutor(4) as pages:
            assert all(done.ok for done in pages.map(doing, [asked] * 4))
        path.write_text("We measure again.\n")
        assert doing(asked).ok
    assert drawn == ["We measure.\n", "We measure again.\n"]


def test_nothing_is_written_where_the_place_is_gone_or_nothing_is_said(folder: Path) -> None:
    def drive(here: Watched) -> None:
        gone = here.act("write", what="prose", text="x", below="said-00000000")
        assert (gone.ok, "choose another" in gone.say) == (False, True)
        assert not here.act("write", what="prose", text=" \n").ok
        assert not here.act("write", what="quote", text="x").ok
        assert not here.act("erase").ok
        assert not Doing(here.here, here.loop)(Deed("write", "journal/other.html", {"text": "x"})).ok
        assert here.text == RAMBLE

    watch(folder, drive)


def test_nothing_is_written_into_what_is_open(folder: Path) -> None:
    text = "One.\n\n```text\nnever closed\n"

    def drive(here: Watched) -> None:
        said = here.act("write", what="prose", text="Swallowed.")
        assert not said.ok
        assert said.say.startswith("line 3 opens a fence that nothing closes: ")
        assert here.text == text

    watch(folder, drive, text=text)


def test_nothing_is_written_that_would_take_in_what_stands_below(folder: Path) -> None:
    def drive(here: Watched) -> None:
        place = next(iter(named(Entry(here.text))))
        said = here.act("write", what="prose", text="The log says:\n\n```\nLoss is nan", below=f"said-{place}")
        assert (said.ok, said.say) == (
            False,
            "it opens a fence that nothing closes: what comes below would be part of that; "
            "nothing was written, close it or choose another place",
        )
        assert here.text == RAMBLE

    watch(folder, drive)


def test_the_link_that_is_printed_leads_to_a_page_with_its_style_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the site is built for the first time."""
    asked, answers = threading.Event(), dict[str, str]()

    def slow(*args: Any, **how: Any) -> Any:
        assert asked.wait(60)
        return build_site(*args, **how)

    monkeypatch.setattr("nozzle.words.site.build_site", slow)
    entry(folder, RAMBLE, "journal/scan.md")
    with journal(folder, make=True) as here, showing(here) as shown:
        browser = Browser(shown.first.page)

        def ask(place: str) -> None:
            answers[place] = browser.ask(place).text

        places = ("/", f"/{PAGE}", "/journal.css")
        threads = [threading.Thread(target=ask, args=(place,)) for place in places]
        for thread in threads:
            thread.start()
        threads[0].join(0.3)  # if it is answered so soon, it was not waited for
        asked.set()
        for thread in threads:
            thread.join()
    assert "Scan" in answers["/"]
    assert "journal.css" in answers[f"/{PAGE}"]
    assert ".chain" in answers["/journal.css"]


def test_news_of_no_entry_begins_with_its_words(folder: Path) -> None:
    entry(folder, RAMBLE, "journal/scan.md")
    with journal(folder, make=True) as here, showing(here) as shown:
        browser = Browser(shown.first.page)
        with browser.look(PAGE) as events:
            events.next()
            shown.first.hear(Notice("moved", "", "you are at 1234"))
            assert events.until("news")[-1][1] == {"text": "you are at 1234", "passes": True}
            shown.first.hear(Notice("lost", "a.md", "words are no longer in the text"))
            assert events.until("news")[-1][1] == {"text": "a.md: words are no longer in the text"}


def test_a_page_that_is_built_again_after_a_git_clean_is_not_for_git(folder: Path) -> None:
    entry(folder, RAMBLE, "journal/scan.md")
    with journal(folder, make=True) as here, showing(here) as shown:
        browser = Browser(shown.first.page)
        browser.ask("/")
        git(folder, "add", "-A")
        git(folder, "clean", "-q", "-ffdx")
        assert not (folder / ".nozzle").exists()
        shown.first.changed("journal/scan.md")
        until((folder / ".nozzle" / "page" / "index.html").exists)
        assert git(folder, "status", "--porcelain", "--untracked-files=all", ".nozzle") == ""


def test_two_who_write_at_once_both_stand(folder: Path) -> None:
    def drive(here: Watched) -> None:
        threads = [
            threading.Thread(target=here.act, args=("write",), kwargs={"what": "prose", "text": f"From number {n}."})
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(f"\n\nFrom number {n}.\n" in here.text for n in range(8))

    watch(folder, drive)


def test_a_save_over_what_was_written_loses_nothing_from_git(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="Written on a phone.")
        (here.here.root / "journal/scan.md").write_text(RAMBLE + "\nFrom a stale buffer.\n")
        here.act("run")

    watch(folder, drive)
    assert "Written on a phone." in git(folder, "log", "-p", "--all")


def test_a_save_among_the_steps_says_what_it_changed(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="One thing.")
        here.act("write", what="prose", text="Another.")
        path = here.here.root / "journal/scan.md"
        path.write_text(here.text.replace("One thing.\n\n", ""))

        def told() -> list[str]:
            return [str(row["what"]) for row in here.act("steps").data["steps"] if row["kind"] == "save"]  # type: ignore[attr-defined]

        here.act("run")
        until(lambda: told() == ["without: One thing.", "Another.", ""])

    watch(folder, drive)


@looked
@pytest.mark.parametrize(("width", "height"), [(320, 568), (740, 360)])
def test_on_a_small_window_all_of_a_sheet_that_is_pressed_is_seen(folder: Path, width: int, height: int) -> None:
    command = f"python scripts/a_long_name.py --with={'x' * 60}"

    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile", width, height) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("w", 87, text="w")
            send = "document.querySelector('#deed-write .deed-main')"
            box = f"{send}.getBoundingClientRect()"
            page.until(f"document.elementFromPoint({box}.left + 4, {box}.bottom - 4) === {send}")
            (here.here.root / "journal/scan.md").write_text(f"{here.text}\nLet me run `{command}` here.\n\nI go on.\n")
            offered(page, 1)
            page.do("document.querySelector('[aria-controls=deed-offers]').click()")
            code = "document.querySelector('.deed-offers textarea')"
            page.until(f"{code}?.value.includes('a_long_name')")
            page.until(f"{code}.clientHeight > 0 && {code}.scrollHeight <= {code}.clientHeight + 2")
            assert page.complaints == []

    watch(folder, drive, text="---\nvoice: conduct\n---\n\nAbove.\n")


def test_rewind_and_fork_go_to_a_step_and_back(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="One.")
        first = here.act("steps").data["at"]
        here.act("write", what="prose", text="Two.")
        assert "you are at" in here.act("rewind", step=str(first)).say
        assert "Two." not in here.text
        left = here.act("steps").data["left"]
        assert (left["thread"], left["sha"]) == ("main", git(folder, "rev-parse", "--short=10", "main"))  # type: ignore[index]
        assert not here.act("back", thread="nowhere").ok
        here.act("write", what="prose", text="Three.")
        said = here.act("back", thread="main").say
        assert "kept first what was in no step yet" in said or "Three." in git(folder, "log", "-p", "--all")
        assert said.endswith(", on main")
        assert (git(folder, "branch", "--show-current"), here.act("steps").data["left"]) == ("main", None)
        assert "Two." in here.text
        assert "Three." not in here.text
        here.act("rewind", step=str(first))
        here.act("write", what="prose", text="Four.")
        here.act("run")
        aside = here.act("steps").data
        assert (str(aside["thread"]).startswith("nozzle/"), aside["left"]["thread"]) == (True, "main")  # type: ignore[index]
        here.act("back", thread="main")
        assert "Four." not in here.text
        here.act("rewind", step=str(first))
        forked = here.act("fork", step=str(first), name="other-way")
        assert "a new thread begins here: other-way" in forked.say
        assert here.act("steps").data["thread"] == "other-way"
        assert not here.act("rewind", step="nowhere").ok

    watch(folder, drive)
    assert "Two." in git(folder, "log", "-p", "--all")


@looked
@pytest.mark.parametrize(("width", "dark"), [(1400, False), (360, True)])
def test_a_reader_writes_asks_and_sees_the_map_with_the_keyboard_alone(folder: Path, width: int, dark: bool) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile", width, 800, dark) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("w", 87, text="w")
            page.until("document.activeElement.id === 'deed-text'")
            page.type("Turns out the bandwidth is the limit.")
            page.press("Enter", 13, 2)
            page.until("document.querySelector('article').innerText.includes('Turns out')")
            page.until("document.querySelector('#deed-text').value === ''")
            page.do("document.querySelector('#deed-kind').value = 'ask'")
            page.do("document.querySelector('#deed-where').selectedIndex = 1")
            page.type("is that so?")
            page.press("Enter", 13, 2)
            page.until("document.querySelector('article').innerText.includes('is that so?')")
            page.press("Escape", 27)
            page.press("m", 77, text="m")
            page.until("document.querySelector('.deed-map').innerText.includes('closed here')")
            assert page.do("document.documentElement.scrollWidth") <= width
            assert page.complaints == []
            assert {host.partition(":")[0] for host in page.hosts} == {"127.0.0.1"}

    watch(folder, drive)
    assert "limit.\n\n/ask is that so?\n" in (folder / "journal/scan.md").read_text()


@looked
def test_block_by_block_with_the_keyboard_alone(folder: Path) -> None:
    """The focus goes with it; a question, an answer to a proposal and the way back need no pointer."""
    ramble = RAMBLE.replace("title: Scan", "title: Scan\nvoice: conduct")

    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile", 360, 780) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("m", 77, text="m")
            page.until("document.activeElement.textContent === 'Map' && document.activeElement.tagName === 'H2'")
            page.press("Escape", 27)
            page.until("document.querySelector('#deed-map').hidden")
            page.press("j", 74, text="j")
            page.until("document.activeElement.innerText.startsWith('I wonder')")
            page.press("j", 74, text="j")
            page.until("document.activeElement.getAttribute('aria-label') === 'python cell ten'")
            page.press("a", 65, text="a")
            page.until("document.activeElement.id === 'deed-text'")
            assert page.do("document.querySelector('#deed-kind').value") == "ask"
            assert page.do("document.querySelector('#deed-where').value").startswith("cell-")
            page.press("Escape", 27)
            page.until("document.activeElement.getAttribute('aria-label') === 'python cell ten'")
            path = here.here.root / "journal/scan.md"
            path.write_text(here.text + "\necho hello | tr a-z A-Z\n\nAnd so on.\n")
            page.until("document.querySelector('.nozzle-proposal input[aria-label=deny]:enabled') !== null")
            page.press("j", 74, text="j")
            for _ in range(8):
                if page.do("document.activeElement.matches('.nozzle-proposal')"):
                    break
                page.press("j", 74, text="j")
            page.press("Enter", 13, text="\r")
            page.until("document.activeElement.textContent === 'Sure'")
            page.press("Escape", 27)
            page.until("document.activeElement.matches('.nozzle-proposal')")
            page.press("m", 77, text="m")
            page.until("document.querySelector('.deed-near').hidden")  # the blocks have moved under it
            page.press("Escape", 27)
            page.until("!document.querySelector('.deed-near').hidden")
            page.do("document.querySelector('.nozzle-proposal input[aria-label=run]').click()")
            page.until("document.querySelector('article').innerText.includes('HELLO')")
            assert page.complaints == []

    watch(folder, drive, text=ramble)


@looked
def test_nothing_moves_when_a_cell_begins_to_run(folder: Path) -> None:
    """Neither where it has an output already nor where it has none; the line that says so lies over the cell."""
    shown = "[...document.querySelectorAll('article > :is(p, section:not(.live-run))')]"
    tops = f"{shown}.map((one) => one.offsetTop).join()"
    slow = "```{code-cell} python\nimport time\ntime.sleep(3)\nprint('END')\n```\n\nBelow it.\n"

    def drive(here: Watched) -> None:
        path = here.here.root / "journal/scan.md"
        with Chromium(folder.parent / "profile", 360, 780) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            for number in (1, 2):
                path.write_text(
                    here.text.replace("END", f"{number}END") if number == 1 else here.text.replace("1END", "2END")
                )
                page.until(f"document.querySelector('article .cell').innerText.includes('{number}END')")
                page.do(f"window.tops = {tops}")
                page.until("document.querySelector('.live-slim .what')?.textContent === 'Running'")
                assert page.do(tops) == page.do("window.tops")
                page.until(
                    f"document.querySelector('.nozzle-output:not(.live-run)')?.innerText.includes('{number}END')"
                )
            assert page.complaints == []

    watch(folder, drive, text=slow)


@looked
def test_half_written_text_and_the_place_in_it_survive_a_patch_and_a_reload(folder: Path) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("w", 87, text="w")
            page.type("half a thou")
            page.do("document.querySelector('#deed-text').setSelectionRange(4, 4)")
            (here.here.root / "journal/scan.md").write_text(RAMBLE.replace("limit.", "limit, or is it?"))
            page.until("document.querySelector('article').innerText.includes('or is it?')")
            assert page.do("[document.activeElement.value, document.activeElement.selectionStart]") == [
                "half a thou",
                4,
            ]
            page.ask("Page.reload")
            page.until("document.querySelector('#deed-text')?.value === 'half a thou'")

    watch(folder, drive)


@looked
def test_the_page_of_an_entry_that_goes_says_so_keeps_what_is_half_written_and_lives_again(folder: Path) -> None:
    def drive(here: Watched) -> None:
        path = here.here.root / "journal/scan.md"
        foot = "document.querySelector('.live-foot').textContent"
        box = "document.querySelector('#deed-text')?.value"
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("w", 87, text="w")
            page.type("half a thought")
            text = path.read_text()
            path.unlink()
            page.until(f"{foot}.includes('not in the journal here')")
            assert "I wonder whether" in page.do("document.querySelector('article').innerText")
            assert page.do("document.querySelector('.deed-copy').offsetHeight > 0")
            page.do("document.querySelector('#deed-write .deed-main').click()")
            page.until("document.querySelector('.deed-say').textContent.includes('not in the journal here')")
            page.ask("Page.reload")
            page.until("document.querySelector('article')?.innerText.includes('not in the journal here')")
            assert "I wonder whether" not in page.do("document.querySelector('article').innerText")
            page.until(f"{box} === 'half a thought'")
            path.write_text(text.replace("limit.", "limit of it."))
            page.until("document.querySelector('article').innerText.includes('limit of it')")
            assert page.do("document.querySelector('.live-foot').hidden")
            until(lambda: (desk := here.loop.desks.get(path)) is not None and "limit of it" in desk.entry.text)
            path.rename(path.with_name("a b.md"))
            page.until("!!document.querySelector('.live-foot a')")
            page.do("document.querySelector('.live-foot a').click()")
            page.until("location.pathname === '/journal/a%20b.html' && document.querySelector('.deed-bar') !== null")
            page.until(f"{box} === 'half a thought'")
            assert page.complaints == []

    watch(folder, drive)


BLOCKS = """# Places

Same words.

Middle.

Same words.

> A quote of mine

| a | b |
|---|---|
| 1 | 2 |

~~~text
a plain fence
~~~

$$
x^2
$$

The end.
"""


@looked
@pytest.mark.parametrize(
    ("block", "last"),
    [
        (
            "[...document.querySelectorAll('article > p')].filter((p) => p.textContent === 'Same words.')[1]",
            "Same words.",
        ),
        ("document.querySelector('article > blockquote')", "> A quote of mine"),
        ("document.querySelector('article table').closest('article > *')", "| 1 | 2 |"),
        (
            "[...document.querySelectorAll('article > *')].find((one) => one.textContent.trim() === 'a plain fence')",
            "~~~",
        ),
        ("document.querySelector('article math').closest('article > *')", "$$"),
    ],
    ids=["the second of two", "a quote", "a table", "a fence", "a formula"],
)
def test_what_is_written_at_a_block_stands_below_it(folder: Path, block: str, last: str) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.do(f"(() => {{ const one = {block}; one.tabIndex = -1; one.focus(); }})()")
            page.press("w", 87, text="w")
            page.until("document.activeElement.id === 'deed-text'")
            page.type("It goes here.")
            page.press("Enter", 13, 2)
            page.until("document.querySelector('#deed-text').value === ''")

    watch(folder, drive, text=BLOCKS)
    text = (folder / "journal/scan.md").read_text()
    assert text.replace("It goes here.\n\n", "") == BLOCKS
    above = text.partition("\n\nIt goes here.")[0]
    assert above.endswith(f"\n{last}")
    assert above.count("Same words.") == 2


@looked
def test_a_draft_keeps_its_kind_and_its_place_and_says_when_the_place_is_gone(folder: Path) -> None:
    where = "document.querySelector('#deed-where').selectedOptions[0].textContent"

    def drive(here: Watched) -> None:
        path = here.here.root / "journal/scan.md"
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.do("(() => { const p = document.querySelectorAll('article > p')[1]; p.tabIndex = -1; p.focus(); })()")
            page.press("w", 87, text="w")
            page.until(f"{where} === 'Below: Middle.'")
            page.type("x = 1")
            kind = "(() => { const kind = document.querySelector('#deed-kind');"
            page.do(f"{kind} kind.value = 'cell'; kind.dispatchEvent(new Event('change')); }})()")
            path.write_text(BLOCKS.replace("Middle.", "Middle, by the editor."))
            page.until(f"{where} === 'Below: Middle, by the editor.'")
            page.ask("Page.reload")
            page.until("document.querySelector('#deed-text')?.value === 'x = 1'")
            assert page.do(where) == "Below: Middle, by the editor."
            assert page.do("document.querySelector('#deed-kind').value") == "cell"
            path.write_text(BLOCKS.replace("Middle.\n\n", ""))
            page.until(f"{where} === 'Its place is gone: choose another'")
            page.do("document.querySelector('#deed-text').focus()")
            page.press("Enter", 13, 2)
            page.until("document.querySelector('.deed-say').textContent.includes('choose another')")
            assert page.do("document.querySelector('#deed-text').value") == "x = 1"
            assert "x = 1" not in here.text

    watch(folder, drive, text=BLOCKS)


@pytest.mark.parametrize("word", ["steps", "map"])
def test_an_entry_that_a_checkout_of_ours_puts_back_is_not_said_to_be_gone(folder: Path, word: str) -> None:
    def drive(here: Watched) -> None:
        path, gone, seen = here.here.root / "journal/scan.md", threading.Event(), threading.Event()

        def replaced(loop: Loop) -> None:
            words = path.read_bytes()
            path.unlink()
            gone.set()
            seen.wait(1.0)
            path.write_bytes(words)

        here.loop.messages.put(Called(replaced))
        assert gone.wait(20.0)
        done = here.act(word)
        seen.set()
        assert (done.say, done.ok) == ("", True)

    watch(folder, drive)


@looked
def test_what_is_asked_for_twice_at_once_is_done_once(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="One.")
        with Chromium(folder.parent / "profile", 360, 780) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("w", 87, text="w")
            page.until("document.activeElement.id === 'deed-text'")
            page.type("Only once.")
            key = "new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true})"
            page.do(f"for (const _ of [1, 2]) document.querySelector('#deed-text').dispatchEvent({key})")
            page.until("document.querySelector('#deed-text').value === ''")
            page.until("document.querySelector('.deed-say').textContent === 'written'")
            button = "document.querySelector('#deed-write .deed-main')"
            box = f"{button}.getBoundingClientRect()"
            assert page.do(f"document.elementFromPoint({box}.left + 9, {box}.top + 9) === {button}")
            page.press("Escape", 27)
            page.press("s", 83, text="s")
            page.until("document.querySelectorAll('.deed-steps li').length > 1")
            fork = "document.querySelector('.deed-steps li').querySelectorAll('button')[1]"
            page.do(f"(() => {{ const fork = {fork}; fork.click(); fork.click(); }})()")
            page.until("document.querySelector('.deed-say').textContent.includes('new thread')")
            assert page.complaints == []

    watch(folder, drive)
    assert (folder / "journal/scan.md").read_text().count("Only once.") == 1
    assert git(folder, "branch", "--list", "nozzle/*").count("nozzle/") == 1


@looked
@pytest.mark.parametrize("width", [360, 1400])
def test_a_point_of_the_map_and_a_link_lead_to_words_that_are_seen(folder: Path, width: int) -> None:
    filler = "\n\n".join(f"Filler number {n} goes on for a while, so that the page is long." for n in range(30))
    asked = "Does the gap survive the gluing?"
    cell = "```{code-cell} python\n#| label: deep\nprint('gap')\n```"
    text = f"# Long\n\n{filler}\n\n{asked}\n\n{filler.replace('Filler', 'Padding')}\n\n{cell}\n\n{filler}\n"
    block = "[...document.querySelectorAll('article > *')].findLast((one) => one.innerText.includes({!r}))"

    def drive(here: Watched) -> None:
        here.act("run")
        with Chromium(folder.parent / "profile", width, 740) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            if page.do("document.querySelector('#deed-map').hidden"):
                page.press("m", 77, text="m")
            for words, point in ((asked, "#said-"), ("print(", "#cell-")):
                page.until(f"!!document.querySelector('.deed-map a[href^=\"{point}\"]')")
                page.do("scrollTo(0, 0)")
                page.do(f"document.querySelector('.deed-map a[href^=\"{point}\"]').click()")
                at = f"(() => {{ const box = {block.format(words)}.getBoundingClientRect();"
                seen = "return document.elementFromPoint(box.left + 20, box.top + 8); })()"
                page.until(f"{block.format(words)}.contains({at} {seen})")
            name = page.do("document.querySelector('.deed-map a[href^=\"#said-\"]').hash")
            page.open("about:blank")
            page.open(here.link.partition("?")[0] + name)
            top = f"{block.format(asked)}.getBoundingClientRect().top"
            page.until(f"scrollY > 0 && {top} > -1 && {top} < 100")

    watch(folder, drive, text=text)


def still(deed: Deed) -> Done:
    return Done(data={"proposals": [], "replay": {}, "steps": [], "points": [], "drawn": {}, "label": ""})


@looked
@pytest.mark.parametrize("width", [360, 1400])
def test_a_link_of_the_map_brings_the_keyboard_there(folder: Path, width: int) -> None:
    """What is written next is written there, and the walk goes on from there; also where the same words stand twice."""
    filler = "\n\n".join(f"Filler number {n} goes on for a while, so that the page is long." for n in range(30))
    asked = "Does the gap survive?"
    text = f"{asked}\n\n{filler}\n\n{asked}\n\nAnd after it.\n\n{filler.replace('Filler', 'Padding')}\n"

    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile", width, 740) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            if page.do("document.querySelector('#deed-map').hidden"):
                page.press("m", 77, text="m")
            page.until("document.querySelectorAll('.deed-map a[href^=\"#said-\"]').length > 1")
            page.do("document.querySelectorAll('.deed-map a[href^=\"#said-\"]')[1].focus()")
            page.press("Enter", 13, text="\r")
            page.until("scrollY > 300")
            page.press("w", 87, text="w")
            page.until("document.activeElement.id === 'deed-text'")
            assert page.do("document.querySelector('#deed-where').value").endswith("-2")
            page.press("Escape", 27)
            page.until(f"document.activeElement.innerText === '{asked}'")
            page.press("j", 74, text="j")
            page.until("document.activeElement.innerText === 'And after it.'")
            assert page.complaints == []

    watch(folder, drive, text=text)


@looked
def test_a_page_goes_on_when_the_watch_begins_anew(folder: Path) -> None:
    (folder / "journal").mkdir()
    entry = folder / "journal/scan.md"
    entry.write_text("# Scan\n\nBefore.\n")
    with journal(folder, make=True) as here, Chromium(folder.parent / "profile") as page:
        with showing(here, act=still) as shown:
            page.open(shown.url.replace("/?", f"/{PAGE}?"))
            page.until("!!document.querySelector('.deed-bar')")
            page.press("w", 87, text="w")
            page.until("document.activeElement?.id === 'deed-text'")
            page.do(
                "document.activeElement.value = 'Half a thou'; document.activeElement.dispatchEvent(new Event('input'))"
            )
            assert page.do("getComputedStyle(document.querySelector('.deed-copy')).display") == "none"
            before = shown.url
        page.until("document.querySelector('.live-foot').textContent.startsWith('The watch has ended')")
        assert page.do("getComputedStyle(document.querySelector('.deed-copy')).display") != "none"
        entry.write_text("# Scan\n\nAfter.\n")
        with showing(here, act=still) as shown:
            assert shown.url.partition("?")[0] == before.partition("?")[0]
            assert shown.url != before
            page.until("document.querySelector('article').innerText.includes('After.')")
            page.until("document.querySelector('.live-foot').hidden")
            assert page.do("document.getElementById('deed-text').value") == "Half a thou"
            page.do("fetch('/_do', { method: 'POST' }).then((answer) => { window.refused = answer.status; })")
            page.until("window.refused === 403")
            page.do("document.querySelector('[aria-controls=deed-steps]').click()")
            page.until("document.querySelector('#deed-steps').innerText.includes('You are at')")
            page.open(shown.url.partition("?")[0] + PAGE)
            page.until("document.querySelector('article').innerText.includes('After.')")


@looked
def test_what_is_proposed_stays_on_the_page_without_a_watch_and_is_asked_anew_of_the_next(folder: Path) -> None:
    (folder / "journal").mkdir()
    (folder / "journal/scan.md").write_text("# Scan\n\nHere.\n")
    row = {"source": "1", "language": "python", "risk": "reversible", "edited": False, "thread": "", "task": ""}
    row |= {"choices": [], "reach": "", "parked": False, "again": False}

    def proposing(name: str) -> Callable[[Deed], Done]:
        rows = [{**row, "id": name, "why": name, "left": 1.0}]
        return lambda deed: Done(data={"proposals": rows} if deed.word == "waiting" else {})

    with journal(folder, make=True) as here, Chromium(folder.parent / "profile") as page:
        panel = "document.getElementById('deed-offers').innerText"
        with showing(here, act=proposing("the first")) as shown:
            page.open(shown.url.replace("/?", f"/{PAGE}?"))
            page.until("!!document.querySelector('.deed-bar')")
            page.press("p", 80, text="p")
            page.until(f"{panel}.includes('the first')")
        page.until("document.querySelector('.live-foot').textContent.startsWith('The watch has ended')")
        page.do("document.querySelector('article').dispatchEvent(new Event('nozzle-waits'))")
        page.until(f"{panel}.includes('the watch does not answer: nothing runs now')")
        assert page.do(f"{panel}.includes('the first')")
        with showing(here, act=proposing("the second")):
            page.until(f"{panel}.includes('the second')")
            assert not page.do(f"{panel}.includes('the first')")


@looked
def test_who_took_the_port_of_a_watch_that_has_ended_sees_no_cookie(folder: Path) -> None:
    seen: list[str] = []

    class Impostor(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers.get('Cookie', '')}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"0" * 64)

        def log_message(self, *_: object) -> None:
            pass

    (folder / "journal").mkdir()
    (folder / "journal/scan.md").write_text("# Scan\n")
    with journal(folder, make=True) as here, Chromium(folder.parent / "profile") as page:
        with showing(here, act=still) as shown:
            page.open(shown.url.replace("/?", f"/{PAGE}?"))
            page.until("!!document.querySelector('.deed-bar')")
            port = int(shown.url.split(":")[2].split("/")[0])
        server = HTTPServer(("127.0.0.1", port), Impostor)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            until(lambda: len(seen) > 1)
            page.press("w", 87, text="w")
            page.until("document.activeElement?.id === 'deed-text'")
            page.do("document.activeElement.value = 'Half a thou'; document.querySelector('.deed-main').click()")
            page.until("document.querySelector('.deed-say').textContent === 'The watch does not answer.'")
            assert page.do("document.getElementById('deed-text').value") == "Half a thou"
        finally:
            server.shutdown()
            server.server_close()
    assert all(each.startswith("/_again?asked=") and "nozzle-" not in each for each in seen)


def test_the_door_of_a_page_is_the_users_alone(folder: Path) -> None:
    with journal(folder, make=True) as here:
        with showing(here, act=still) as shown:
            url = shown.url
            (file,) = (here.config / "pages").iterdir()
            assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
            assert here.config in here.tools(lambda notice: None, lambda said: None).hidden
            with showing(here) as reader, showing(here, act=still, host="127.0.0.1") as abroad:
                assert len({url, reader.url, abroad.url}) == 3
        with socket.socket() as other:
            other.bind(("127.0.0.1", int(url.split(":")[2].split("/")[0])))
            other.listen()
            with showing(here, act=still) as shown:
                assert shown.url.partition("?")[0] != url.partition("?")[0]
        key = Door.of(here.root, here.config).key
        assert key in file.read_text()
        file.write_text('{"port": "x", "key": 3}')
        again = Door.of(here.root, here.config)
        assert (again.port, key in again.key, len(again.key) > 40) == (0, False, True)


def test_a_cell_cannot_read_the_door_of_a_page(folder: Path, say: Say) -> None:
    with journal(folder, make=True) as here, showing(here, act=still):
        (file,) = (here.config / "pages").iterdir()
    tried = f"import os\nprint(os.path.exists({str(file)!r}), os.path.exists({str(file.parents[1])!r}))"
    path = entry(folder, f"```{{code-cell}} python\n{tried}\n```\n")
    said = say("run")
    if EXPOSED in said.out:
        pytest.skip("this system refuses user namespaces")
    assert "False True" in path.read_text()


def test_what_an_editor_saves_over_is_told_with_the_step_that_has_it(folder: Path) -> None:
    entry = folder / "journal/scan.md"

    def drive(here: Watched) -> None:
        def lost() -> list[str]:
            return [line for line in here.told if "saved over what you wrote" in line]

        stale = entry.read_text()
        here.act("write", what="prose", text="A thought from the page,\nin two lines.")
        entry.write_text(stale.replace("I wonder", "I do wonder"))
        until(lost)
        (line,) = lost()
        assert "“A thought from the page, in two lines.”" in line
        assert "A thought from the page" in git(folder, "show", line.rpartition("step ")[2].split()[0])
        here.act("write", what="prose", text="One that the editor has seen.")
        entry.write_text(entry.read_text().replace("I do wonder", "I wonder"))
        until(lambda: "I wonder" in git(folder, "show", "HEAD:journal/scan.md"))
        entry.write_text(entry.read_text().replace("One that the editor has seen.", ""))
        until(lambda: "One that" not in git(folder, "show", "HEAD:journal/scan.md"))
        assert lost() == [line]

    watch(folder, drive)


@looked
def test_what_an_editor_saved_over_is_told_on_the_page_until_the_next_save(folder: Path) -> None:
    entry = folder / "journal/scan.md"

    def drive(here: Watched) -> None:
        foot = "document.querySelector('.live-foot')"
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            stale = entry.read_text()
            here.act("write", what="prose", text="From the page.")
            here.act("write", what="prose", text="And more.")
            page.until("document.querySelector('article').innerText.includes('And more.')")
            entry.write_text(stale.replace("I wonder", "I do wonder"))
            page.until("document.querySelector('article').innerText.includes('I do wonder')")
            page.until(f"{foot}.textContent.includes('saved over what you wrote')")
            assert [words in page.do(f"{foot}.textContent") for words in ("“From the page.”", "“And more.”")] == [
                True
            ] * 2
            here.loop.tools.say(Notice("news", "journal/scan.md", "a cell failed"))
            page.until(f"{foot}.textContent.includes('a cell failed')")
            assert "“And more.”" in page.do(f"{foot}.textContent")  # another piece of news does not take it away
            entry.write_text(stale.replace("I wonder", "We wonder"))
            page.until("document.querySelector('article').innerText.includes('We wonder')")
            page.until(f"{foot}.hidden")

    watch(folder, drive)


@looked
def test_a_step_is_gone_back_to_and_forked_from_by_clicks(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="One.")
        here.act("write", what="prose", text="Two.")
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.press("s", 83, text="s")
            page.until("document.querySelectorAll('.deed-steps li').length > 1")
            page.do("document.querySelector('.deed-steps li:last-child button').click()")
            page.until("document.body.innerText.includes('you are at')")
            page.until("!document.querySelector('article').innerText.includes('Two.')")
            page.until("document.querySelector('.deed-steps li').innerText.includes('You were on main')")
            page.do("document.querySelector('.deed-steps li button').click()")
            page.until("document.querySelector('article').innerText.includes('Two.')")
            page.until("document.querySelector('#deed-steps .deed-note').innerText.includes('on main')")
            page.until("!document.querySelector('.deed-steps').innerText.includes('You were on')")
            page.do("document.querySelector('.deed-steps li:last-child button').click()")
            page.until("!document.querySelector('article').innerText.includes('Two.')")
            page.press("t", 84, text="t")
            page.until("document.querySelector('#deed-threads').innerText.includes('You were on main.')")
            page.press("s", 83, text="s")
            page.until("document.querySelectorAll('#deed-steps .deed-steps li').length > 1")
            page.do("document.querySelectorAll('.deed-steps li')[1].querySelectorAll('button')[1].click()")
            page.until("document.querySelector('.deed-say').textContent.includes('a new thread begins here')")

    watch(folder, drive)


@looked
def test_the_threads_are_listed_with_what_they_do_and_forked_there(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("run")
        with Chromium(folder.parent / "profile") as browser:
            browser.open(here.link)
            browser.until("!!document.querySelector('.deed-bar')")
            browser.press("t", 84, text="t")
            browser.until("!!document.querySelector('#deed-threads li')")
            assert browser.do("document.querySelectorAll('#deed-threads li').length") == 1
            browser.until("document.querySelector('#deed-threads').innerText.includes('scan: ')")
            browser.do("[...document.querySelectorAll('#deed-threads button')].at(-1).click()")
            browser.until("document.querySelector('#deed-threads li').innerText.includes('nozzle/')")
            assert browser.complaints == []

    watch(folder, drive)
    assert git(folder, "branch", "--show-current").startswith("nozzle/")


@looked
def test_the_page_of_another_thread_is_opened_from_the_list_and_what_is_done_there_is_done_there(folder: Path) -> None:
    there = folder.parent / f"{folder.name}.threads" / "side" / "journal/scan.md"

    def drive(here: Watched) -> None:
        here.act("run")
        assert "beside this one" in here.act("fork", step="HEAD", name="side").say
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            phone.until("!!document.querySelector('.deed-bar')")
            phone.press("t", 84, text="t")
            link = "[...document.querySelectorAll('#deed-threads a')].find((one) => one.textContent === 'side')"
            phone.until(f"!!{link}")
            phone.do(f"{link}.focus()")
            phone.do(f"window.before = {link}")
            phone.until("!window.before.isConnected && document.activeElement.textContent === 'side'")
            phone.press("Enter", 13, text="\r")
            phone.until("document.querySelector('.deed-thread')?.textContent === 'on side'")
            assert phone.do("document.querySelector('header.site .home').textContent") == "my journal"
            phone.press("w", 87, text="w")
            phone.until("document.activeElement.id === 'deed-text'")
            phone.type("print('only there')")
            phone.do("document.querySelector('#deed-kind').value = 'cell'")
            phone.press("Enter", 13, 2)
            place = "document.querySelector('.deed-say').getBoundingClientRect()"
            phone.until(f"document.querySelector('.deed-say').textContent === 'written' && {place}.right <= innerWidth")
            phone.until("[...document.querySelectorAll('.nozzle-output')].at(-1).innerText.includes('only there')")
            assert phone.do("document.documentElement.scrollWidth") <= 360
            phone.press("Escape", 27)
            phone.do("document.querySelector('.deed-thread').click()")
            phone.until("!document.querySelector('.deed-thread') && !!document.querySelector('.deed-bar')")
            assert "only there" not in phone.do("document.querySelector('article').innerText")
            assert phone.complaints == []

    watch(folder, drive, threads=True)
    assert "only there" in there.read_text()
    assert "only there" not in (folder / "journal/scan.md").read_text()


def test_a_thread_that_is_only_just_looked_after_ends_with_the_watch(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Loop.__init__

    def slowly(loop: Loop, *args: Any, **named: Any) -> None:
        if named.get("shares"):
            time.sleep(1.0)
        made(loop, *args, **named)

    monkeypatch.setattr(Loop, "__init__", slowly)

    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="Just before.")
        assert here.act("fork", step=str(here.act("steps").data["at"]), name="side").ok

    watch(folder, drive, threads=True)


def test_what_was_written_just_before_a_fork_is_in_it(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="Just before.")
        assert here.act("fork", step=str(here.act("steps").data["at"]), name="side").ok

    watch(folder, drive, threads=True)
    assert "Just before." in git(folder, "show", "side:journal/scan.md")
    assert "Just before." in git(folder, "show", "HEAD:journal/scan.md")


@looked
def test_a_task_leads_to_its_thread_and_what_it_proposes_is_allowed_there(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="do", text="see the network")
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            phone.until("!!document.querySelector('section.nozzle-task a[href*=threads]')")
            phone.do("document.querySelector('section.nozzle-task a[href*=threads]').click()")
            phone.until("document.querySelector('.deed-thread')?.textContent.startsWith('on ')")
            offered(phone, 1)
            phone.press("p", 80, text="p")
            phone.until("!!document.querySelector('.deed-offers .deed-main')")
            phone.do("document.querySelector('.deed-offers .deed-main').click()")
            phone.until("document.querySelector('article').innerText.includes('It is there.')")
            phone.do("document.querySelector('.deed-thread').click()")
            phone.until("document.querySelector('section.nozzle-task')?.innerText.includes('It is there.')")
            assert phone.complaints == []

    watch(
        folder,
        drive,
        model=Scripted(lambda messages: END if "<output" in messages[-1]["content"][:7] else MOVE),
        threads=True,
    )


@looked
@pytest.mark.parametrize(
    "chosen",
    [
        "document.querySelectorAll('.deed-choice button')[1]",
        "document.querySelectorAll('section.nozzle-proposal input:not(:disabled)')[1]",
    ],
    ids=["button", "box"],
)
def test_each_of_several_tasks_has_its_own_button_and_box(folder: Path, chosen: str) -> None:
    def drive(here: Watched) -> None:
        words = "Can you plot the bandwidth against n? Also, please write a test for the scan."
        here.act("write", what="prose", text=words)
        here.act("write", what="prose", text="And so on.")
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            offered(phone, 1)
            phone.press("p", 80, text="p")
            phone.until("document.querySelectorAll('.deed-choice').length === 2")
            phone.until(f"!!{chosen}")
            phone.do(f"{chosen}.click()")
            phone.until("document.querySelector('article').innerText.includes('Task for the doer')")
            phone.until("document.querySelectorAll('.deed-choice').length === 1")
            assert phone.complaints == []

    watch(
        folder,
        drive,
        text=RAMBLE.replace("title: Scan", "title: Scan\nvoice: conduct"),
        model=Scripted(lambda messages: END),
    )
    assert (folder / "journal/scan.md").read_text().count("\n/do ") == 1


@looked
def test_the_panels_show_prose_as_the_page_does(folder: Path) -> None:
    """Emphasis, code and links, not their marks; within a link of the map no other link; no script of anybody's."""
    odd = "Is *the* `scan` as [Blelloch](https://example.org) says **bound**<img src=x onerror=alert(1)>?"
    task = "Can you plot `n` against *time*? Also, please write a test for [the scan](#x)."

    def drive(here: Watched) -> None:
        here.act("write", what="prose", text=task)
        here.act("write", what="prose", text="And so on.")
        with Chromium(folder.parent / "profile", 1280, 780) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-map em')")
            row = "document.querySelector('.deed-map a[href^=\"#said-\"]')"
            assert page.do(f"{row}.innerText") == "Is the scan as Blelloch says bound?"
            assert (
                page.do(f"[...{row}.querySelectorAll('*')].map((one) => one.localName).join()") == "em,code,strong,img"
            )
            assert page.do(f"{row}.querySelector('img').outerHTML") == '<img src="x">'
            offered(page, 1)
            page.press("p", 80, text="p")
            page.until("document.querySelectorAll('.deed-choice').length === 2")
            shown = "[...document.querySelectorAll('.deed-choice span')].map((one) => one.innerHTML).join()"
            assert "plot <code>n</code> against <em>time</em>" in page.do(shown)
            page.do("document.querySelectorAll('.deed-choice button')[0].click()")
            page.until("document.querySelector('article').innerText.includes('Task for the doer')")

    text = f"---\ntitle: Scan\nvoice: conduct\n---\n\n{odd}\n"
    watch(folder, drive, text=text, model=Scripted(lambda messages: END))
    assert "/do Can you plot `n` against *time*?" in (folder / "journal/scan.md").read_text()


@looked
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_news_lies_where_no_panel_covers_it(folder: Path, width: int, dark: bool) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile", width, 800, dark) as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            page.do("document.querySelector('[aria-controls=deed-keys]').click()")
            here.loop.tools.say(Notice("news", "journal/scan.md", "breaking: cell ten fails since a word went; " * 3))
            page.until("!document.querySelector('.live-foot').hidden")
            box = "document.querySelector('.live-foot').getBoundingClientRect()"
            at = f"{box}[x > 0 ? 'left' : 'right'] + 6 * x, {box}[y > 0 ? 'top' : 'bottom'] + 6 * y"
            corners = "[[1, 1], [1, -1], [-1, 1], [-1, -1]]"
            seen = f"{corners}.map(([x, y]) => document.elementFromPoint({at})?.closest('.live-foot') !== null)"
            assert page.do(seen) == [True] * 4
            first = "document.querySelector('h1').getBoundingClientRect()"
            head = f"document.elementFromPoint({first}.left + 9, {first}.top + 15)"
            page.until(f"{head}.closest('h1') !== null")
            assert page.do("document.documentElement.scrollWidth") <= width
            shown = "document.querySelector('[aria-controls=deed-keys]').getBoundingClientRect()"
            assert page.do(f"{shown}.left >= 0 && {shown}.right <= innerWidth")
            here.loop.tools.say(Notice("restored", "journal/scan.md", "a block is back"))
            foot, away = "document.querySelector('.live-foot')", "document.querySelector('.live-foot button')"
            page.until(f"{foot}.innerText.includes('a block is back')")
            assert "breaking: cell ten" in page.do(f"{foot}.innerText")  # what passes never lies over what stays
            assert page.do(f"{away}.getAttribute('aria-label')") == "Put it away"
            page.do(f"{away}.click()")
            assert "a block" not in page.do(f"{foot}.innerText")
            assert "breaking: cell ten" in page.do(f"{foot}.innerText")
            page.do(f"{away}.click()")
            assert page.do(f"{foot}.hidden")

    watch(folder, drive)


@looked
def test_a_judge_says_on_the_map_what_it_refuses_until_the_text_changes(folder: Path) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            foot = "document.querySelector('.deed-map > .deed-note')?.textContent ?? ''"
            page.until(f"({foot}).endsWith('no model was asked.')")
            page.until("!!document.querySelector('.deed-map button')")
            page.do("document.querySelector('.deed-map button').click()")
            page.until(f"({foot}).includes('scripted judged 2 of 2 points and refused 1.')")
            assert "no model was asked" not in page.do(foot)
            refused = "document.querySelector('.deed-doubt').textContent"
            assert page.do(refused) == " refused by the judge: says who?"
            here.act("write", what="prose", text="Well then.")
            page.until(f"({foot}).endsWith('no model was asked.')")
            assert page.complaints == []

    watch(folder, drive, model=Scripted(lambda messages: "1 | no | says who?\n2 | yes"))


@looked
def test_two_browsers_see_and_write_one_journal(folder: Path) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "one") as one, Chromium(folder.parent / "two", width=360) as two:
            for browser in (one, two):
                browser.open(here.link)
                browser.until("!!document.querySelector('.deed-bar')")
                browser.press("w", 87, text="w")
                browser.until("document.activeElement.matches('#deed-write textarea')")
            one.type("From the desk.")
            two.type("From the phone.")
            one.press("Enter", 13, modifiers=2)
            two.until("document.querySelector('article').innerText.includes('From the desk.')")
            assert two.do("document.activeElement.value") == "From the phone."
            two.press("Enter", 13, modifiers=2)
            for browser in (one, two):
                browser.until("document.querySelector('article').innerText.includes('From the phone.')")
                assert browser.complaints == []

    watch(folder, drive)
    assert "\n\nFrom the desk.\n\nFrom the phone." in git(folder, "show", "HEAD:journal/scan.md")


@looked
def test_a_phone_is_paired_by_the_code_on_the_terminal(folder: Path) -> None:
    def drive(here: Watched) -> None:
        address = here.link.partition("/journal")[0]
        told = next(line for line in here.told if "enter:" in line)
        assert f"open {here.link.partition(PAGE)[0]} there" in told
        code = told.split()[-1]
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(address + "/")
            phone.until("!!document.querySelector('#code')")
            phone.do("document.querySelector('#code').focus()")
            phone.type(code)
            phone.do("document.querySelector('form button').click()")
            phone.until("document.body.innerText.includes('Scan')")
            phone.open(f"{address}/{PAGE}")
            phone.until("!!document.querySelector('.deed-bar')")
            assert phone.complaints == []

    watch(folder, drive, host="127.0.0.1")


@looked
def test_what_prose_led_to_is_offered_on_the_page_and_run_there_changed(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="echo one | cat")
        here.act("write", what="prose", text="And so on.")
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            offered(phone, 1)
            phone.press("p", 80, text="p")
            phone.until("document.querySelectorAll('.deed-offers li').length === 1")
            # at once: the list is drawn anew whenever something is saved
            change = "document.querySelector('.deed-offers textarea').value = 'echo two | tr a-z A-Z'"
            phone.do(f"{change}; document.querySelector('.deed-offers .deed-main').click()")
            phone.until("document.querySelector('article').innerText.includes('TWO')")
            assert phone.complaints == []

    watch(folder, drive, text=RAMBLE.replace("title: Scan", "title: Scan\nvoice: conduct"))


def test_an_answer_counts_once_and_also_where_a_box_was_ticked_when_nobody_looked_on(folder: Path) -> None:
    """A tick that came by a checkout counts for nothing; what is answered on the page after it does."""
    ramble = "---\nvoice: conduct\n---\n\nAbove.\n"
    ran = folder / "journal/ran.txt"

    def offers(here: Watched) -> list[dict[str, object]]:
        return here.act("waiting").data["proposals"]  # type: ignore[return-value]

    def drive(here: Watched) -> None:
        (folder / "journal/scan.md").write_text(here.text + "\nLet me run `echo one >> ran.txt` here.\n\nI go on.\n")
        until(lambda: offers(here))
        id_ = str(offers(here)[0]["id"])
        assert here.act("tick", id=id_, box="run").say == "run: answered"
        late = here.act("tick", id=id_, box="deny")
        assert (late.ok, late.say) == (False, "it was answered already: run")
        until(lambda: "nozzle:output" in here.text)
        shas = git(folder, "log", "--format=%h").split()
        ticked = next(sha for sha in shas if "- [x] run" in git(folder, "show", f"{sha}:journal/scan.md"))
        here.act("rewind", step=ticked)
        until(lambda: [each["parked"] for each in offers(here)] == [True])
        assert ("nozzle:output" in here.text, ran.exists()) == (False, False)
        assert here.act("tick", id=id_, box="run").say == "run: answered"
        until(lambda: "nozzle:output" in here.text)
        assert ran.read_text() == "one\n"

    watch(folder, drive, text=ramble)


def test_what_the_doer_proposed_before_a_rewind_is_asked_again_and_then_answered(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="do", text=":here: look")
        until(lambda: "nozzle:proposal" in git(folder, "show", "HEAD:journal/scan.md"))
        at, id_ = git(folder, "rev-parse", "HEAD"), str(here.act("waiting").data["proposals"][0]["id"])  # type: ignore[index]
        assert here.act("tick", id=id_, box="run").ok
        until(lambda: "It is there." in here.text)
        here.act("rewind", step=at)
        until(lambda: here.act("waiting").data["proposals"])
        first = here.act("tick", id=id_, box="run")
        assert (first.ok, "asked again" in first.say) == (False, True)
        until(lambda: "so this is asked again" in here.text)
        assert "[x]" not in here.text
        assert here.act("tick", id=id_, box="run").say == "run: answered"
        until(lambda: "It is there." in here.text)

    watch(
        folder, drive, model=Scripted(lambda messages: END if messages[-1]["content"].startswith("<output") else MOVE)
    )


def test_an_answer_that_comes_second_hears_what_the_first_was(folder: Path) -> None:
    def drive(here: Watched) -> None:
        (folder / "journal/scan.md").write_text(here.text + "\nLet me run `echo one` here.\n\nI go on.\n")
        until(lambda: here.act("waiting").data["proposals"])
        (row,) = here.act("waiting").data["proposals"]  # type: ignore[misc]
        assert here.act("tick", id=row["id"], box="deny").ok  # type: ignore[index]
        assert here.act("tick", id=row["id"], box="run").say == "it was answered already: denied"  # type: ignore[index]
        assert here.act("tick", id="0", box="run").say == "it does not stand there any more"

    watch(folder, drive, text="---\nvoice: conduct\n---\n\nAbove.\n")


@looked
def test_a_proposal_that_was_answered_elsewhere_goes_also_while_its_box_is_looked_at(folder: Path) -> None:
    def drive(here: Watched) -> None:
        (folder / "journal/scan.md").write_text(here.text + "\nLet me run `echo one` here.\n\nI go on.\n")
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            offered(page, 1)
            page.do("document.querySelector('[aria-controls=deed-offers]').click()")
            page.until("document.querySelector('.deed-offers textarea') !== null")
            page.do("document.querySelector('.deed-offers textarea').focus()")
            (row,) = here.act("waiting").data["proposals"]  # type: ignore[misc]
            assert here.act("tick", id=row["id"], box="deny").ok  # type: ignore[index]
            page.until("document.querySelector('.deed-offers').innerText.includes('Nothing is proposed.')")

    watch(folder, drive, text="---\nvoice: conduct\n---\n\nAbove.\n")


@looked
def test_a_proposal_changed_on_the_page_stays_changed_while_an_editor_saves(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="prose", text="echo one | cat")
        here.act("write", what="prose", text="echo three | rev")
        here.act("write", what="prose", text="And so on.")
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            offered(phone, 2)
            phone.press("p", 80, text="p")
            phone.until("document.querySelectorAll('.deed-offers li').length === 2")
            phone.do("[...document.querySelectorAll('.deed-offers textarea')].at(-1).select()")
            phone.type("echo two | tr a-z A-Z")
            phone.press("Tab", 9)
            phone.until("document.activeElement.textContent === 'Run'")
            phone.do("document.querySelector('.deed-offers li').classList.add('drawn-before')")
            (here.here.root / "journal/scan.md").write_text(here.text + "\nAn editor saved this.\n")
            phone.until("!document.querySelector('.deed-offers .drawn-before')")
            boxes = "[...document.querySelectorAll('.deed-offers textarea')].map((one) => one.value).join(' ; ')"
            assert phone.do(boxes) == "echo one | cat ; echo two | tr a-z A-Z"
            phone.press("Enter", 13, text="\r")
            phone.until("document.querySelector('article').innerText.includes('TWO')")
            phone.until("document.querySelectorAll('.deed-offers li').length === 1")
            assert phone.do(boxes) == "echo one | cat"
            assert phone.complaints == []

    watch(folder, drive, text=RAMBLE.replace("title: Scan", "title: Scan\nvoice: conduct"))
    assert "echo three | rev\n```" not in (folder / "journal/scan.md").read_text()


@looked
@pytest.mark.parametrize("settle", [0.2, 1.5], ids=["at once", "found long after the save is shown"])
def test_a_replay_that_waits_is_answered_on_the_page(folder: Path, settle: float) -> None:
    once = "```{code-cell} python\n#| once: true\nx = 1\n```\n\n```{code-cell} python\nprint('x is', x)\n```\n"

    def drive(here: Watched) -> None:
        path = here.here.root / "journal/scan.md"
        here.act("run")
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            phone.until("document.querySelector('article').innerText.includes('x is 1')")
            path.write_text(here.text.replace("'x is', x", "'now x is', x + 1"))
            offered(phone, 1)
            phone.press("p", 80, text="p")
            phone.until("document.querySelector('.deed-replay')?.innerText.includes('may run only once')")
            phone.do("document.querySelector('.deed-replay button').click()")
            phone.until("document.querySelector('article').innerText.includes('now x is 2')")
            phone.until("document.querySelector('[aria-controls=deed-offers]')?.textContent === 'Proposals'")
            assert phone.complaints == []

    watch(folder, drive, text=once, settle=settle)


class Slow:
    """A model that says one half of its answer, and the other when it may."""

    def __init__(self, first: str, second: str) -> None:
        self.halves, self.may = (first, second), threading.Event()
        self.name, self.calls = "slow", 0

    def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
        self.calls += 1
        tell(self.halves[0])
        assert self.may.wait(60)
        tell(self.halves[1])
        return Reply("".join(self.halves), usage=Usage(1200, 30, 900, cost=0.0125), model="slow-1")


@looked
def test_an_answer_is_seen_while_it_is_written_and_news_within_it(folder: Path) -> None:
    model = Slow("The bandwidth is \n\nthe limit ", "here.\n\nAnd so it goes.")

    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            here.act("write", what="ask", text="what is the limit?")
            page.until("document.querySelector('.live-run')?.innerText.includes('the limit')")
            assert "The bandwidth" not in here.text
            above = "document.querySelector('.live-run').previousElementSibling.innerText"
            assert "what is the limit?" in page.do(above)
            here.act("write", what="cell", text="1 / 0")
            page.until("document.querySelector('.live-run')?.innerText.includes('interrupted here')")
            assert "The bandwidth" not in here.text
            model.may.set()
            page.until("document.querySelector('.nozzle-answer')?.innerText.includes('And so it goes.')")
            page.until("![...document.querySelectorAll('.live-run')].some((one) => one.innerText.includes('limit'))")
            page.press("c", 67, text="c")
            page.until("document.querySelector('#deed-calls table')?.innerText.includes('$0.0125')")
            row = "[...document.querySelectorAll('#deed-calls tr')].map((one) => one.innerText.split(/\\s+/).join(' '))"
            assert "answer 900 300 30 $0.0125" in page.do(row)
            assert page.complaints == []

    watch(folder, drive, model=model)  # type: ignore[arg-type]
    text = (folder / "journal/scan.md").read_text()
    assert "> the limit here.\n>\n> *— interrupted here: [`1 / 0`](#cell-" in text
    assert "broke, the news stands under it —*\n>\n> And so it goes.\n" in text


@looked
def test_buttons_at_a_block_ask_about_it_and_what_went_wrong(folder: Path) -> None:
    def drive(here: Watched) -> None:
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('.deed-bar')")
            here.act("write", what="cell", text="1 / 0")
            page.until("!!document.querySelector('section.nozzle-output.failed')")
            page.until("!!document.querySelector('section.nozzle-news')")
            page.do("[...document.querySelectorAll('article > .cell')].at(-1).click()")
            shown = "[...document.querySelectorAll('.deed-near button')].map((one) => one.textContent).join()"
            assert page.do(shown) == "Ask about this,wtf?"
            page.do("document.querySelectorAll('.deed-near button')[0].click()")
            page.until("document.activeElement.id === 'deed-text'")
            assert page.do("document.querySelector('#deed-kind').value") == "ask"
            assert page.do("document.querySelector('#deed-where').value").startswith("cell-")
            page.do("document.querySelectorAll('.deed-near button')[1].click()")
            page.until("document.querySelector('article').innerText.includes('/wtf')")
            page.until("!!document.querySelector('.nozzle-answer')")
            assert page.complaints == []

    watch(folder, drive)
    assert "<!-- /nozzle -->\n\n/wtf\n" in (folder / "journal/scan.md").read_text()


@looked
def test_buttons_at_a_proposal_answer_it(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="do", text=":here: see the network")
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            page.until("!!document.querySelector('section.nozzle-proposal')")
            offered(page, 1)
            page.do("document.querySelector('section.nozzle-proposal').click()")
            shown = "[...document.querySelectorAll('.deed-near button')].map((one) => one.textContent).join()"
            assert page.do(shown) == "Sure,Nope,Sure, all,Stop"
            live = "[...document.querySelectorAll('section.nozzle-proposal input:enabled')]"
            page.until(f"{live}.map((box) => `${{box.ariaLabel}} ${{box.checked}}`).join() === 'run false,deny false'")
            page.do("document.querySelectorAll('.deed-near button')[2].click()")
            page.until("document.querySelector('article').innerText.includes('It is there.')")
            assert page.complaints == []

    boxed = f"- [x] run\n- [ ] run: never\n\n{MOVE}"
    model = Scripted(lambda messages: END if messages[-1]["content"].startswith("<output") else boxed)
    watch(folder, drive, model=model)
    assert "/sure all\n" in (folder / "journal/scan.md").read_text()


@looked
def test_what_runs_by_itself_counts_down_on_the_page(folder: Path) -> None:
    def drive(here: Watched) -> None:
        here.act("write", what="do", text=":here: note it")
        with Chromium(folder.parent / "profile") as page:
            page.open(here.link)
            offered(page, 1)
            page.press("p", 80, text="p")
            row = "document.querySelector('.deed-offers li')"
            left = f"Number({row}.innerText.match(/by itself in (\\d+) s/)[1])"
            page.until(f"!!{row}?.innerText.includes('runs by itself in')")
            page.until(f"{left} < Number({row}.dataset.first ??= {left})")  # in one row, not one drawn anew
            here.act("stop")
            assert page.complaints == []

    move = "Note it.\n\n```{code-cell} python\nopen('noted.txt', 'w').write('x')\n```"
    watch(folder, drive, model=Scripted(lambda messages: move), countdown=100.0)


@looked
def test_what_runs_by_itself_waits_while_it_is_changed_on_the_page(folder: Path) -> None:
    """From the first letter until the box says again what it did, or is answered; then the time begins anew."""

    def drive(here: Watched) -> None:
        here.act("write", what="do", text=":here: note it")
        with Chromium(folder.parent / "profile") as page, Chromium(folder.parent / "other") as other:
            other.open(here.link)
            offered(other, 1)
            other.press("p", 80, text="p")
            page.open(here.link)
            offered(page, 1)
            page.press("p", 80, text="p")
            box, row = "document.querySelector('.deed-offers textarea')", "document.querySelector('.deed-offers li')"
            page.until(f"!!{row}?.innerText.includes('runs by itself in')")
            page.do(f"{box}.focus()")
            page.until(f"{row}.innerText.includes('it waits while it is changed')")
            other.until(f"{row}.innerText.includes('it waits while it is changed')")
            page.do("new Promise((over) => setTimeout(over, 12500))")
            assert "Note it." in page.do(f"{row}.innerText")
            assert here.act("waiting").data["proposals"][0]["edited"]  # type: ignore[index]
            assert "Answer: countdown" not in git(folder, "log", "--format=%B")
            page.do("document.activeElement.blur()")
            for each in (page, other):
                each.until(f"{row}?.innerText.includes('runs by itself in')")
            page.until("document.querySelector('article').innerText.includes('It is there.')")
            assert page.complaints == []

    move = "Note it.\n\n```{code-cell} python\nopen('noted.txt', 'w').write('x')\n```"
    moves = iter([move])
    watch(folder, drive, model=Scripted(lambda messages: next(moves, END)), countdown=12.0)
    assert "Answer: countdown" in git(folder, "log", "--format=%B")


def test_a_short_word_is_written_as_it_is_or_not_at_all(folder: Path) -> None:
    def drive(here: Watched) -> None:
        assert here.act("write", what="sure", text="5").ok
        assert here.act("write", what="nope").ok
        for text in ("everything", "0", "5 all"):
            assert not here.act("write", what="sure", text=text).ok
        assert not here.act("write", what="stop", text="\n\n/do it").ok

    watch(folder, drive)
    assert "\n\n/sure 5\n\n/nope\n\n" in (folder / "journal/scan.md").read_text()


LOOK = "Look.\n\n```{code-cell} python\nprint('has', x if 'x' in dir() else None)\n```"


@looked
@pytest.mark.parametrize(
    "there", [False, True], ids=["in the list, on the author's page", "by its box, on the thread's page"]
)
def test_what_would_reach_outside_again_for_a_task_on_its_thread_is_skipped_by_a_click(
    folder: Path, home: Path, there: bool
) -> None:
    (home / "nozzle").mkdir(exist_ok=True)
    (home / "nozzle" / "settings.toml").write_text('snapshots = "never"\n')
    seen = folder.parent / "seen"
    once = f"```{{code-cell}} python\n#| once: true\nx = 1\nopen({str(seen)!r}, 'a').write('x')\n```\n\nWords.\n"

    def drive(here: Watched) -> None:
        here.act("run")
        with Chromium(folder.parent / "profile", 360, 780) as phone:
            phone.open(here.link)
            phone.until("document.querySelectorAll('section.nozzle-output').length === 1")
            here.act("write", what="do", text="look at x")
            phone.until("!!document.querySelector('section.nozzle-task a[href*=threads]')")
            offered(phone, 1)
            if there:
                phone.do("document.querySelector('section.nozzle-task a[href*=threads]').click()")
                phone.until("document.querySelector('.deed-thread')?.textContent.startsWith('on ')")
                offered(phone, 1)
                phone.until("!!document.querySelector('section.nozzle-proposal input[aria-label=skip]:not(:disabled)')")
                phone.do("document.querySelector('section.nozzle-proposal input[aria-label=skip]').click()")
            else:
                phone.press("p", 80, text="p")
                skip = (
                    "[...document.querySelectorAll('.deed-offers button')].find((each) => each.textContent === 'Skip')"
                )
                phone.until(f"!!{skip}")
                phone.do(f"{skip}.click()")
            phone.until("document.querySelector('article').innerText.includes('It is there.')")
            assert seen.read_text() == "x", "what reached outside did so once"
            assert phone.complaints == []

    watch(
        folder, drive, text=once, threads=True,
        model=Scripted(lambda messages: END if "<output" in messages[-1]["content"][:7] else LOOK),
    )  # fmt: skip
