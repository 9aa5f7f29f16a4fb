"""What a browser sees while the journal changes."""

import os
import socket
import threading
from pathlib import Path

import pytest

from nozzle.errors import Unreadable
from nozzle.page import Away, Live, Page
from nozzle.page.rendering import rendering
from nozzle.publish import render
from tests.page.browser import Browser, blocks, patched
from tests.page.conftest import ENTRY

CELL = "9a0b1c2d3e4f"
CODE = ("cell", f'<div class="cell"><a class="chain" id="cell-{CELL}"></a><pre>1</pre></div>')


def _output(words: str) -> tuple[str, str]:
    return words, f'<section class="nozzle nozzle-output"><pre>{words}</pre></section>'


def test_an_entry_is_served_as_it_is_now(browser: Browser, shown: dict[str, Live]) -> None:
    shown[ENTRY] = Live("A <new> title", [("k1", "<p>fresh</p>"), ("k2", "<p>\ud800 too</p>")])
    text = browser.ask(f"/{ENTRY}").text
    assert '<article class="entry" data-keys="k1 k2">' in text
    assert "<!--block--><p>fresh</p>\n<!--block--><p>&#55296; too</p>\n<!--end--></article>" in text
    assert "<h1>A &lt;new&gt; title</h1>" in text
    assert "<title>A &lt;new&gt; title · My journal</title>" in text
    assert '<details class="toc">' in text
    assert "one" not in text.partition("<!--block-->")[2]
    assert "http-equiv" not in text
    assert text.count("journal.js") == text.count("_live.js") == 1


def test_a_title_is_drawn_in_its_heading_and_plain_in_its_window(browser: Browser, shown: dict[str, Live]) -> None:
    shown[ENTRY] = Live("On x < y · z", blocks("a"), heading="On <em>x</em> &lt; y")
    text = browser.ask(f"/{ENTRY}").text
    assert "<h1>On <em>x</em> &lt; y</h1>" in text
    assert "<title>On x &lt; y · z · My journal</title>" in text
    with browser.look(ENTRY) as events:
        assert events.next()[1]["heading"] == "On <em>x</em> &lt; y"


def test_an_entry_that_was_never_built_has_a_page(browser: Browser, shown: dict[str, Live]) -> None:
    shown["journal/new.html"] = Live("New", blocks("hello"))
    text = browser.ask("/journal/new.html").text
    assert "<h1>New</h1>" in text
    assert "<title>New</title>" in text
    assert "<!--block--><p>hello</p>\n<!--end--></article>" in text


def test_other_pages_are_served_as_they_were_built(browser: Browser, site: Path) -> None:
    text = browser.ask("/").text
    assert 'data-page="index.html"' in text
    assert "data-keys" not in text
    assert browser.ask("/journal.css").text == (site / "journal.css").read_text()


def test_a_save_reaches_the_browser(page: Page, browser: Browser, shown: dict[str, Live]) -> None:
    with browser.look(ENTRY) as events:
        name, first = events.next()
        assert (name, first["keys"], first["title"]) == ("patch", ["one", "two"], "First")
        keys = patched([], first)
        for words in ("one two three", "zero one two three", "zero two", "two zero", "", "one"):
            shown[ENTRY] = Live("First", blocks(*words.split()))
            page.changed(ENTRY)
            name, change = events.next()
            keys = patched(keys, change)
            assert keys == words.split()
        assert change["html"] == {"one": "<p>one</p>"}


def test_only_what_is_new_is_sent(page: Page, browser: Browser, shown: dict[str, Live]) -> None:
    words = [f"w{number}" for number in range(100)]
    shown[ENTRY] = Live("First", blocks(*words))
    with browser.look(ENTRY) as events:
        events.next()
        shown[ENTRY] = Live("First", blocks(*words[:50], "new", *words[51:]))
        page.changed(ENTRY)
        _, change = events.next()
    assert (change["at"], change["gone"], change["keys"]) == (50, 1, ["new"])
    assert change["html"] == {"new": "<p>new</p>"}


def test_a_browser_that_comes_with_what_it_was_served_is_sent_nothing(browser: Browser) -> None:
    stamp = browser.ask(f"/{ENTRY}").text.partition('data-stamp="')[2].partition('"')[0]
    with browser.look(ENTRY, has=stamp) as events:
        _, change = events.next()
    assert (change["at"], change["gone"], change["keys"], change["html"]) == (2, 0, [], {})


def test_output_comes_in_order_with_what_happens_around_it(page: Page, browser: Browser) -> None:
    with browser.look(ENTRY) as events:
        events.next()
        page.running(ENTRY, CELL, "running", 0.0)
        for number in range(1000):
            page.streamed(ENTRY, CELL, f"{number}\n")
        page.running(ENTRY, CELL, "done", 1.25)
        page.changed(ENTRY)
        heard = events.until("patch")
    assert heard[0] == ("running", {"cell": CELL, "state": "running", "seconds": 0.0})
    assert heard[-2] == ("running", {"cell": CELL, "state": "done", "seconds": 1.25})
    assert "".join(data["text"] for name, data in heard if name == "stream") == "".join(f"{n}\n" for n in range(1000))


def test_a_page_hears_of_its_own_cells_only(page: Page, browser: Browser) -> None:
    with browser.look("index.html") as events:
        page.streamed(ENTRY, CELL, "not for this page")
        page.changed(ENTRY)
        page.news("for all")
        assert events.next() == ("news", {"text": "for all"})


def test_who_comes_later_sees_what_a_running_cell_has_printed(page: Page, browser: Browser) -> None:
    page.running(ENTRY, CELL, "running", 2.0)
    page.streamed(ENTRY, CELL, "a" * 100_000)
    page.streamed(ENTRY, CELL, "end")
    page.news("held")
    with browser.look(ENTRY) as events:
        heard = events.until("news")
    assert [name for name, _ in heard] == ["patch", "running", "stream", "news"]
    assert len(heard[2][1]["text"]) == 64_000
    assert heard[2][1]["text"].endswith("aend")


def test_news_that_pass_are_told_to_who_comes_while_they_are_new(
    page: Page, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.news("gone with the next save")
    page.news("")
    page.news("stays")
    page.news("stays too")
    page.news("passes", passes=True)
    with browser.look(ENTRY) as events:
        heard = [events.next(), *events.until("news"), *events.until("news"), *events.until("news")]
    told = [data for name, data in heard if name == "news"]
    assert told == [{"text": "stays"}, {"text": "stays too"}, {"text": "passes", "passes": True}]
    monkeypatch.setattr("nozzle.page.audience.PASSES", -1.0)
    with browser.look(ENTRY) as events:
        assert [events.until("news")[-1][1] for _ in range(2)] == told[:2]
        page.waits()
        assert events.next()[0] == "waits"


def test_the_stream_goes_when_the_output_stands_in_the_text(
    page: Page, browser: Browser, shown: dict[str, Live]
) -> None:
    shown[ENTRY] = Live("First", [CODE, _output("old"), *blocks("below")])
    with browser.look(ENTRY) as events:
        events.next()
        page.running(ENTRY, CELL, "running", 0.0)
        page.running(ENTRY, CELL, "done", 1.0)
        shown[ENTRY] = Live("First", [CODE, _output("old"), *blocks("typed meanwhile")])
        page.changed(ENTRY)
        assert [name for name, _ in events.until("patch")] == ["running", "running", "patch"]
        shown[ENTRY] = Live("First", [CODE, _output("new"), *blocks("typed meanwhile")])
        page.changed(ENTRY)
        assert events.next()[0] == "patch"
        assert events.next() == ("running", {"cell": CELL, "state": "written", "seconds": 1.0})


def test_the_slot_of_a_cell_is_found_in_what_publish_draws() -> None:
    text = (
        f"```{{code-cell}} python\n1\n```\n\n<!-- nozzle:output v=1 of={CELL} -->\n\nx\n\n<!-- /nozzle -->\n\n"
        f"<!-- nozzle:attempt v=1 of={CELL} -->\n\ny\n\n<!-- /nozzle -->\n\nbelow\n"
    )
    now = rendering(Live("", render("a.md", text, cells={0: (CELL + "0" * 52,)})[1]))
    assert now.holds(CELL)
    assert now.under(CELL) == now.keys[1:3]
    assert now.under("000000000000") == ()


def test_a_page_that_was_built_anew_is_loaded_again(page: Page, browser: Browser) -> None:
    with browser.look("index.html") as events:
        page.changed("index.html")
        assert events.next() == ("reload", {})
        assert events.next() == ("", {})


def test_an_entry_that_cannot_be_read_is_told_and_the_page_stays(site: Path) -> None:
    broken = threading.Event()

    def live(page: str) -> Live | None:
        if broken.is_set():
            raise Unreadable("x.md: is no text")
        return Live("First", blocks("one"))

    with Page(site, live) as page, Browser(page).look(ENTRY) as events:
        events.next()
        broken.set()
        page.changed(ENTRY)
        assert events.next() == ("news", {"text": "x.md: is no text"})
        answer = Browser(page).ask(f"/{ENTRY}")
        assert (answer.status, answer.text) == (500, "x.md: is no text\n")
        broken.clear()
        page.changed(ENTRY)
        assert events.next()[0] == "patch"


def test_who_looks_at_an_entry_that_goes_is_told_and_sees_it_again_when_it_is_back(site: Path) -> None:
    here: list[Live | Away] = [Live("First", blocks("one"))]

    def live(name: str) -> Live | Away | None:
        return here[-1] if name == ENTRY else None

    with Page(site, live) as page, Browser(page).look(ENTRY) as events:
        events.next()
        here.append(Away())
        page.changed(ENTRY)
        name, told = events.next()
        assert (name, told["to"]) == ("away", "")
        assert "not in the journal here" in told["words"]
        answer = Browser(page).ask(f"/{ENTRY}").text
        assert "not in the journal here" in answer
        assert "one" not in answer.partition("<!--block-->")[2]  # what was built of it is not shown as if it were here
        here.append(Away("journal/b c.html", "journal/b c.md"))
        page.changed(ENTRY)
        assert events.next()[1]["to"] == "journal/b c.html"
        assert 'href="/journal/b%20c.html"' in Browser(page).ask(f"/{ENTRY}").text
        here.append(Live("First", blocks("one", "two")))
        page.changed(ENTRY)
        assert events.next()[1]["keys"] == ["two"]


def test_all_who_look_are_told_that_something_else_may_wait_for_an_answer(page: Page, browser: Browser) -> None:
    with browser.look(ENTRY) as one, browser.look("index.html") as other:
        one.next()
        page.waits()
        assert (one.next(), other.next()) == (("waits", {}), ("waits", {}))


def test_a_browser_that_does_not_read_holds_nobody_up(page: Page, browser: Browser) -> None:
    with socket.create_connection(("127.0.0.1", browser.port)) as slow, browser.look(ENTRY) as events:
        request = (
            f"GET /_live?page={ENTRY} HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\nCookie: {browser.cookie}\r\n\r\n"
        )
        slow.sendall(request.encode())
        slow.recv(1)
        events.next()
        for number in range(2000):
            page.streamed(ENTRY, f"{number:012x}", "x" * 10_000)
            if number % 50 == 49:
                page.news(f"so far {number}")
                assert events.until("news")[-1][1] == {"text": f"so far {number}"}
        said = b""
        while some := slow.recv(1 << 20):
            said += some
    assert said.endswith(b"event: reload\ndata: {}\n\n")


def test_twenty_browsers_see_the_same(page: Page, browser: Browser, shown: dict[str, Live]) -> None:
    drawn: list[str] = []
    with socket.create_connection(("127.0.0.1", browser.port)) as slow:
        request = (
            f"GET /_live?page={ENTRY} HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\nCookie: {browser.cookie}\r\n\r\n"
        )
        slow.sendall(request.encode())
        ready = threading.Barrier(20)
        threads = [threading.Thread(target=_watch, args=(browser, ready, drawn)) for _ in range(19)]
        for thread in threads:
            thread.start()
        ready.wait()
        for number in range(50):
            shown[ENTRY] = Live(f"{number}", blocks(*map(str, range(number + 1))))
            page.changed(ENTRY)
        for thread in threads:
            thread.join()
    assert drawn == [" ".join(map(str, range(50)))] * 19


def _watch(browser: Browser, ready: threading.Barrier, drawn: list[str]) -> None:
    with browser.look(ENTRY) as events:
        keys = patched([], events.next()[1])
        ready.wait()
        title = ""
        while title != "49":
            _, change = events.next()
            keys, title = patched(keys, change), change["title"]
    drawn.append(" ".join(keys))


def test_closing_tells_the_browsers_and_leaves_nothing(site: Path, shown: dict[str, Live]) -> None:
    before, open_before = threading.active_count(), len(os.listdir("/dev/fd"))
    page = Page(site, shown.get)
    browser = Browser(page)
    with browser.look(ENTRY) as events, socket.create_connection(("127.0.0.1", browser.port)):
        events.next()
        page.close()
        assert events.until("over")
        assert events.next() == ("", {})
    page.close()
    page.news("nobody is there")
    assert threading.active_count() == before
    assert len(os.listdir("/dev/fd")) == open_before
    with pytest.raises(ConnectionRefusedError):
        browser.ask("/")
