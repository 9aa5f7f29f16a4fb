"""A journal with one entry, built, and its page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.page import Live, Page
from nozzle.publish import Page as Source
from nozzle.publish import Site, build
from tests.page.browser import Browser, blocks

ENTRY = "journal/2026-11-22-x.html"


@pytest.fixture
def shown() -> dict[str, Live]:
    """What each page shows now: tests change it as an author would."""
    return {ENTRY: Live("First", blocks("one", "two"))}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site as it is built, with an output that is HTML, a picture, and a file beside the site."""
    (tmp_path / "journal" / "_out").mkdir(parents=True)
    (tmp_path / "journal" / "_out" / "a1.html").write_text("<b>rich</b>")
    (tmp_path / "journal" / "p.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    text = "# First\n\none\n\n## A\n\n## B\n\n## C\n\n[rich](_out/a1.html) and [picture](p.svg)\n"
    build([Source("journal/2026-11-22-x.md", text)], tmp_path, tmp_path / "site", Site("My journal"))
    (tmp_path / "secret.txt").write_text("not for anybody")
    return tmp_path / "site"


@pytest.fixture
def page(site: Path, shown: dict[str, Live]) -> Iterator[Page]:
    with Page(site, shown.get) as page:
        yield page


@pytest.fixture
def browser(page: Page) -> Browser:
    return Browser(page)
