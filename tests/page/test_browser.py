"""The page in a real browser, where there is one: what is on the screen after the journal changed."""

import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from subprocess import DEVNULL, PIPE, Popen

import pytest

from nozzle.page import Live, Page
from tests.page.browser import blocks
from tests.page.conftest import ENTRY

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CELL = "9a0b1c2d3e4f"
CODE = ("cell", f'<div class="cell"><a class="chain" id="cell-{CELL}"></a><pre>1</pre></div>')

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: what a browser makes of the page is not seen"
)


def seen(site: Path, first: Live, change: Callable[[Page, dict[str, Live]], None], script: str = "") -> str:
    """Open the entry, change the journal when the browser looks, end the watch, and return the document then.

    `script` runs in the page before ours does, in the place of the site's own script.
    """
    shown, looks = {ENTRY: first}, threading.Semaphore(0)

    def live(page: str) -> Live | None:
        if page == ENTRY:
            looks.release()
        return shown.get(page)

    if script:
        (site / "journal.js").write_text(script)
    with Page(site, live) as page:
        link = page.url.replace("/?", f"/{ENTRY}?")
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
        profile = f"--user-data-dir={site.parent / 'profile'}"
        with Popen([str(CHROMIUM), *options, profile, link], stdout=PIPE, stderr=DEVNULL, text=True) as browser:
            try:
                assert looks.acquire(timeout=60), "the page was never asked for"
                assert looks.acquire(timeout=60), "nobody listens"
                change(page, shown)
                page.close()
                return browser.communicate(timeout=60)[0]
            finally:
                browser.kill()


@pytest.mark.parametrize("anchored", ["", "0a1b2c3d"])
def test_changed_blocks_are_patched_and_the_rest_stays(site: Path, anchored: str) -> None:
    script = """
      addEventListener("DOMContentLoaded", () => {
        const all = [...document.querySelectorAll("article > p")], fold = document.querySelector("details.kept");
        fold.open = true;
        getSelection().selectAllChildren(all[1]);
        addEventListener("pagehide", () => {});
        setInterval(() => {
          const now = [...document.querySelectorAll("article > p")];
          document.body.dataset.seen = [
            now.map((one) => one.textContent).join(" "), `same:${all.map((one) => now.includes(one)).join()}`,
            `selected:${getSelection()}`, `open:${document.querySelector("details.kept").open}`,
          ].join("; ");
        }, 20);
      });
    """
    anchor = "<a class='chain' id='said-{}'></a>" if anchored else ""
    fold = anchor.format(anchored) + "<details class='kept'><summary>s</summary>{}</details>"

    def change(page: Page, shown: dict[str, Live]) -> None:
        for words in ("a b c d", "a b2 c d", "new a b2 d c", "new a b2 c"):
            page_of = [*blocks(*words.split()), (words, fold.format(words))]
            shown[ENTRY] = Live("Second", page_of, heading="<em>Second</em>")
            page.changed(ENTRY)

    html = seen(site, Live("First", [*blocks(*"abcd"), ("f", fold.format("first"))]), change, script)
    assert 'data-seen="new a b2 c; same:true,true,true,false; selected:b' in html
    assert "open:true" in html
    assert "<title>Second · My journal</title>" in html
    assert re.findall("<h1.*?</h1>", html) == ["<h1><em>Second</em></h1>"]
    assert "<summary>s</summary>new a b2 c</details>" in html
    assert ">The watch has ended: this page stays as it was.</span>" in html


def test_a_running_cell_shows_what_it_prints_under_it(site: Path) -> None:
    def change(page: Page, shown: dict[str, Live]) -> None:
        page.running(ENTRY, CELL, "running", 0.0)
        page.streamed(ENTRY, CELL, "\x1b[31m10%\r20%\x1b[0m\r\n<b>next</b>")
        page.running(ENTRY, CELL, "failed", 2.5)

    html = seen(site, Live("First", [*blocks("a"), CODE, *blocks("b")]), change)
    box = html.partition("live-run")[2].partition("</section>")[0]
    assert re.search(r'<pre>1</pre></div>\s*<section class="[^"]*live-run', html)
    assert '<span class="what">Failed</span><span class="status">2.5 s</span>' in box
    assert ">20%\n&lt;b&gt;next&lt;/b&gt;</pre>" in box


def test_the_stream_goes_and_the_output_stays(site: Path) -> None:
    output = ("out", '<section class="nozzle nozzle-output"><pre>written</pre></section>')

    def change(page: Page, shown: dict[str, Live]) -> None:
        page.streamed(ENTRY, CELL, "streamed")
        page.running(ENTRY, CELL, "done", 0.1)
        shown[ENTRY] = Live("First", [CODE, output])
        page.changed(ENTRY)

    html = seen(site, Live("First", [CODE]), change)
    assert "written" in html
    assert "live-run" not in html


def test_a_page_that_a_browser_reads_otherwise_is_drawn_by_the_browser(site: Path) -> None:
    broken = [("x", "<div><p>open"), *blocks("after")]
    html = seen(site, Live("First", broken), lambda page, shown: None)
    assert "<div><p>open</p></div><p>after</p>" in html


@pytest.mark.parametrize("anchor", ["auto", "none"])
def test_the_reader_keeps_the_place(site: Path, anchor: str) -> None:
    """In a browser that sees to it by itself, and in one that does not."""
    script = """
      addEventListener("DOMContentLoaded", () => {
        document.documentElement.style.overflowAnchor = "ANCHOR";
        const reading = document.querySelectorAll("article > p")[60];
        reading.scrollIntoView({ behavior: "instant" });
        const before = reading.getBoundingClientRect().top;
        const frame = () => {
          const moved = Math.round(Math.abs(reading.getBoundingClientRect().top - before));
          document.body.dataset.seen = `far:${scrollY > 1000} moved:${moved}`;
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
    """
    words = [f"w{number}" for number in range(120)]

    def change(page: Page, shown: dict[str, Live]) -> None:
        shown[ENTRY] = Live("First", blocks(*(f"new{number}" for number in range(30)), *words))
        page.changed(ENTRY)

    html = seen(site, Live("First", blocks(*words)), change, script.replace("ANCHOR", anchor))
    assert "new29" in html
    assert 'data-seen="far:true moved:0"' in html


def test_many_changes_end_in_the_page_as_it_is_drawn(site: Path) -> None:
    chance = Random(11)
    drawn = [_some_block(chance) for _ in range(8)]

    def change(page: Page, shown: dict[str, Live]) -> None:
        for _ in range(60):
            at = chance.randrange(len(drawn) + 1)
            gone = drawn[at : at + chance.randrange(3)]
            drawn[at : at + len(gone)] = [*(_some_block(chance) for _ in range(chance.randrange(3))), *gone[1:]]
            shown[ENTRY] = Live("First", [(html, html) for html in dict.fromkeys(drawn)])
            page.changed(ENTRY)

    html = seen(site, Live("First", [(html, html) for html in dict.fromkeys(drawn)]), change)
    article = html.partition("</details>")[2].partition("</article>")[0]
    assert re.sub(r"<!--.*?-->|\s", "", article) == re.sub(r"\s", "", "".join(dict.fromkeys(drawn)))


def _some_block(chance: Random) -> str:
    a, b, c = (chance.choice("xyz") * chance.randrange(1, 4) for _ in range(3))
    kinds = (
        f"<p>{a} <em>{b}</em> {c}</p>",
        f"<ul><li>{a}</li><li>{b}<p>{c}</p></li></ul>",
        f'<section class="nozzle nozzle-output"><p class="who">{a}</p><pre>{b}{c}</pre></section>',
        f"<p>{a}</p><p>{b}</p>",
        f"{a} <b>{b}</b>",
    )
    return chance.choice(kinds)
