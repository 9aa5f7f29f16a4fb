"""A journal becomes a folder: what is in it, what a second build does, and what is never touched."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nozzle.document.mdast import plain
from nozzle.document.mdast.roles import role
from nozzle.errors import Refused
from nozzle.publish import Mark, Page, Report, Site, build
from nozzle.publish.leaf import leaf
from nozzle.publish.mystmd import command
from nozzle.publish.shelf import MANIFEST

FUSION = """---
title: Kernel fusion & "temporaries"
tags: [NumPy, memory]
---

Does it fuse? It does not. See [the scan](2026-10-02-scan.md#how) and ![a picture](_out/3f2a.png).

```{code-cell} python
1
```

<!-- nozzle:output of=1 -->

```text
1
```

[x, output 1 as HTML](_out/77aa.html)

<!-- /nozzle -->
"""
SCAN = "# A prefix scan\n\nOne pass.\n\n(how)=\n## How it works\n\n[](2026-11-22-fusion.md) and [](../README.md)\n"
SOURCES = {
    "journal/2026-11-22-fusion.md": FUSION,
    "journal/2026-10-02-scan.md": SCAN,
    "journal/_later.md": "# Later\n",
    "README.md": "# About\n\nA journal.\n",
}

Build = Callable[..., Report]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    for source, text in SOURCES.items():
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        (root / source).write_text(text)
    (root / "journal/_out").mkdir()
    (root / "journal/_out/3f2a.png").write_bytes(b"\x89PNG picture")
    (root / "journal/_out/77aa.html").write_text("<b>rich</b><script>1</script>")
    (root / ".env").write_text("SECRET=1")
    (tmp_path / "outside.txt").write_text("outside")
    return root


def pages(root: Path) -> list[Page]:
    found = sorted(path for path in root.rglob("*.md") if "site" not in path.parts)
    return [Page(path.relative_to(root).as_posix(), path.read_text()) for path in found]


def publish(root: Path, out: Path | None = None, **options: object) -> Report:
    return build(pages(root), root, out or root / "site", Site("My journal"), **options)  # type: ignore[arg-type]


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value not in (None, "data:,"):
                self.links.append(value or "")
            if name == "id" and value:
                self.ids.add(value)


def test_every_link_of_the_site_is_relative_and_leads_somewhere(journal: Path) -> None:
    assert publish(journal).broken == ()
    site = journal / "site"
    read = {path: Links(path.read_text()) for path in site.rglob("*.html") if path.parent.name != "_out"}
    assert len(read) == 9
    for page, found in read.items():
        for link in found.links:
            parts = urlsplit(link)
            assert not parts.scheme
            assert not link.startswith("/")
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), f"{page}: {link}"
            if parts.fragment:
                assert unquote(parts.fragment) in read[target].ids


def test_pages_forbid_what_they_do_not_need(journal: Path) -> None:
    publish(journal)
    for path in (journal / "site").rglob("*.html"):
        page = path.read_text()
        assert "default-src 'none'" in page.partition("</head>")[0]
        if path.parent.name != "_out":
            assert "<style" not in page
            assert not re.search(r"<script(?! src=)|\sstyle=|\son\w+=", page)


def test_rich_output_is_wrapped_in_a_policy_of_its_own(journal: Path) -> None:
    publish(journal)
    frame = (journal / "site/journal/_out/77aa.html").read_text()
    assert frame.index("default-src 'none'") < frame.index("<b>rich</b>")
    assert 'sandbox="allow-scripts"' in (journal / "site/journal/2026-11-22-fusion.html").read_text()


def test_references_take_their_words_from_the_page_they_lead_to(journal: Path) -> None:
    publish(journal)
    page = (journal / "site/journal/2026-10-02-scan.html").read_text()
    assert '<a href="2026-11-22-fusion.html">Kernel fusion &amp; "temporaries"</a>' in page
    assert '<a href="../about.html">About</a>' in page
    assert '<h2 id="how">' in page


def test_the_index_is_newest_first_with_dates_summaries_and_tags(journal: Path) -> None:
    publish(journal)
    page = (journal / "site/index.html").read_text()
    order = [page.index(words) for words in ("2026", "November", "Kernel fusion", "October", "A prefix scan")]
    assert order == sorted(order)
    assert "Does it fuse?" in page
    assert 'href="tags/numpy.html"' in page
    assert "Later" not in page
    assert "Kernel fusion" in (journal / "site/tags/memory.html").read_text()


def test_what_a_reference_to_another_page_says_is_drawn(journal: Path) -> None:
    figure = "```{figure} _out/3f2a.png\n:label: seen\nThe $\\alpha$ & *all* of `<b>`\n```\n"
    for name, text in (
        ("there.md", f"# On $\\beta$\n\n{figure}"),
        ("here.md", "# Here\n\n{ref}`seen`, [](there.md)\n"),
    ):
        (journal / "journal" / name).write_text(text)
    publish(journal)
    text = (journal / "site/journal/here.html").read_text()
    assert "<mi>α</mi>" in text.partition("there.html#seen")[2].partition("</a>")[0]
    assert "&amp; <em>all</em> of <code>&lt;b&gt;</code></a>" in text
    assert "<mi>β</mi>" in text.partition('"there.html"')[2].partition("</a>")[0]
    assert "\\alpha" not in text


def test_neighbours_are_linked(journal: Path) -> None:
    publish(journal)
    assert 'rel="next" href="2026-11-22-fusion.html"' in (journal / "site/journal/2026-10-02-scan.html").read_text()
    assert 'rel="prev" href="2026-10-02-scan.html"' in (journal / "site/journal/2026-11-22-fusion.html").read_text()


@pytest.mark.parametrize("word", ["true", "yes", "On"])
def test_drafts_are_left_out_unless_asked_for(journal: Path, word: str) -> None:
    (journal / "journal/2026-10-02-scan.md").write_text(f"---\ndraft: {word}\n---\n{SCAN}")
    report = publish(journal)
    assert [(one.line, one.link, one.why) for one in report.broken] == [
        (6, "2026-10-02-scan.md#how", "journal/2026-10-02-scan.md is a draft")
    ]
    assert not (journal / "site/journal/_later.html").exists()
    assert b"prefix scan" not in b"".join(content(journal / "site").values())
    assert publish(journal, drafts=True).broken == ()
    assert "Draft" in (journal / "site/journal/_later.html").read_text()


def test_an_entry_without_a_date_is_in_no_feed(journal: Path) -> None:
    (journal / "journal/undated.md").write_text("# Undated\n\nSome words.\n")
    publish(journal)
    assert (journal / "site/journal/undated.html").exists()
    assert b"Undated" not in (journal / "site/feed.xml").read_bytes()
    assert b"1970" not in (journal / "site/feed.xml").read_bytes()


def test_the_feed_is_atom_with_absolute_links_when_the_address_is_known(journal: Path) -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    publish(journal)
    feed = fromstring((journal / "site/feed.xml").read_bytes())
    entries = feed.findall(f"{atom}entry")
    assert [entry.findtext(f"{atom}title") for entry in entries] == ['Kernel fusion & "temporaries"', "A prefix scan"]
    assert entries[0].findtext(f"{atom}updated") == "2026-11-22T00:00:00Z"
    assert not (journal / "site/sitemap.xml").exists()
    build(pages(journal), journal, journal / "site", Site("J", base_url="https://x.org/j"))
    feed = fromstring((journal / "site/feed.xml").read_bytes())
    link = feed.find(f"{atom}entry/{atom}link")
    assert link is not None
    assert link.get("href") == "https://x.org/j/journal/2026-11-22-fusion.html"
    assert b"https://x.org/j/journal/2026-10-02-scan.html" in (journal / "site/sitemap.xml").read_bytes()


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("nowhere.md", "there is no such file"),
        ("../../outside.txt", "it leads out of the journal"),
        ("../.env", "hidden files are not published"),
        ("2026-10-02-scan.md#gone", "journal/2026-10-02-scan.md has nothing named 'gone'"),
        ("#gone", "nothing has that name"),
        ("escape.txt", "there is no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_reported_and_nothing_is_copied(journal: Path, link: str, why: str) -> None:
    (journal / "journal/escape.txt").symlink_to(journal.parent / "outside.txt")
    source = journal / "journal/2026-11-22-fusion.md"
    source.write_text(FUSION + f"\nA paragraph\nof two lines: [x]({link})\n")
    report = publish(journal)
    rows = source.read_text().split("\n")
    assert [(one.source, rows[one.line - 1], one.link, one.why) for one in report.broken] == [
        ("journal/2026-11-22-fusion.md", f"of two lines: [x]({link})", link, why)
    ]
    written = b"".join(content(journal / "site").values())
    assert b"SECRET" not in written
    assert b"outside" not in written.replace(b"outside.txt", b"")
    again = publish(journal)
    assert (again.broken, again.written) == (report.broken, ())


@pytest.mark.parametrize("link", ["[c](c.txt)", "![c](c.txt)", "[c](_out/c.html)", "[c](way/config)"])
def test_no_symlink_brings_a_file_into_the_site(journal: Path, link: str) -> None:
    (journal / ".hidden").mkdir()
    (journal / ".hidden/config").write_text("token of git")
    (journal / "journal/c.txt").symlink_to("../.hidden/config")
    (journal / "journal/_out/c.html").symlink_to("../../.hidden/config")
    (journal / "journal/way").symlink_to("../.hidden")
    (journal / "journal/2026-10-02-scan.md").write_text(f"# Scan\n\n(how)=\n## How\n\n{link}\n")
    assert [one.why for one in publish(journal).broken] == ["there is no such file"]
    assert b"token of git" not in b"".join(content(journal / "site").values())


def test_a_link_to_what_a_cell_made_leads_there(journal: Path) -> None:
    (journal / "README.md").write_text("# About\n\n[a](step:1a2b) [c](journal/_out/3f2a.png)\n")
    assert publish(journal).broken == ()
    assert 'href="journal/_out/3f2a.png"' in (journal / "site/about.html").read_text()


def test_a_second_build_writes_nothing(journal: Path) -> None:
    first = publish(journal)
    before = content(journal / "site")
    again = publish(journal)
    assert again.written == again.removed == ()
    assert set(again.unchanged) == set(first.written)
    assert content(journal / "site") == before


Change = Callable[[Path], object]


def _mark(root: Path) -> None:
    (root / "journal/2026-11-22-fusion.md").write_text(FUSION.replace("It does not.", "It does."))


CHANGES: dict[str, tuple[Change, set[str]]] = {
    "a word": (_mark, {"journal/2026-11-22-fusion.html", "search-index.js"}),
    "a title that others show": (
        lambda root: (root / "journal/2026-11-22-fusion.md").write_text(FUSION.replace("Kernel", "Loop")),
        {"journal/2026-11-22-fusion.html", "journal/2026-10-02-scan.html", "index.html", "feed.xml", "search-index.js"}
        | {"tags/numpy.html", "tags/memory.html"},
    ),
    "a label that others point to": (
        lambda root: (root / "journal/2026-10-02-scan.md").write_text(SCAN.replace("(how)=\n", "")),
        {"journal/2026-10-02-scan.html", "journal/2026-11-22-fusion.html"},
    ),
    "a picture": (
        lambda root: (root / "journal/_out/3f2a.png").write_bytes(b"other"),
        {"journal/_out/3f2a.png"},
    ),
    "a picture that is gone": (
        lambda root: (root / "journal/_out/3f2a.png").unlink(),
        {"journal/2026-11-22-fusion.html"},
    ),
    "a page of the site edited by hand": (
        lambda root: (root / "site/journal/2026-10-02-scan.html").write_text("broken"),
        {"journal/2026-10-02-scan.html"},
    ),
    "a new entry": (
        lambda root: (root / "journal/2026-11-23-new.md").write_text("# New\n"),
        {"journal/2026-11-23-new.html", "journal/2026-11-22-fusion.html", "index.html", "feed.xml", "search-index.js"},
    ),
    "an entry that is gone": (
        lambda root: (root / "journal/2026-10-02-scan.md").unlink(),
        {"journal/2026-11-22-fusion.html", "index.html", "feed.xml", "search-index.js"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_the_site_is_what_a_clean_build_makes(journal: Path, change: str) -> None:
    publish(journal)
    act, written = CHANGES[change]
    act(journal)
    report = publish(journal)
    assert set(report.written) == written
    publish(journal, journal.parent / "clean")
    assert content(journal / "site") == content(journal.parent / "clean")


def test_marks_cells_and_settings_count_too(journal: Path) -> None:
    publish(journal)
    edited = {11: Mark("edited", "edited by hand")}
    found = [replace(page, marks=edited, cells={7: ("abc", "def")}) for page in pages(journal)]
    report = build(found, journal, journal / "site", Site("My journal"))
    assert "journal/2026-11-22-fusion.html" in report.written
    page = (journal / "site/journal/2026-11-22-fusion.html").read_text()
    assert '<span class="badge badge-edited">edited by hand</span>' in page
    assert 'id="cell-abc"' in page
    assert "about.html" in build(found, journal, journal / "site", Site("Another title")).written


def test_what_nozzle_did_not_write_stays(journal: Path) -> None:
    publish(journal)
    site = journal / "site"
    (site / "CNAME").write_text("x.org")
    (site / "journal/2026-10-02-scan.html").write_text("mine now")
    (journal / "journal/2026-10-02-scan.md").unlink()
    (journal / "journal/2026-11-22-fusion.md").unlink()
    report = publish(journal)
    assert (site / "CNAME").read_text() == "x.org"
    assert (site / "journal/2026-10-02-scan.html").read_text() == "mine now"
    assert "2026-10-02-scan.html" in " ".join(report.warnings)
    assert "journal/2026-11-22-fusion.html" in report.removed
    assert not (site / "journal/_out").exists()


def test_a_folder_with_a_page_of_somebody_elses_is_refused(journal: Path) -> None:
    (journal / "site").mkdir()
    (journal / "site/index.html").write_text("mine")
    with pytest.raises(Refused, match=r"index\.html was not written by nozzle"):
        publish(journal)
    assert [path.read_text() for path in (journal / "site").iterdir()] == ["mine"]


def test_two_sources_of_one_page_are_refused_before_anything_is_written(journal: Path) -> None:
    (journal / "index.md").write_text("# Mine\n")
    with pytest.raises(Refused, match=r"both become index\.html"):
        publish(journal)
    assert not (journal / "site").exists()


def test_a_refused_build_leaves_the_last_one_as_it_was(journal: Path) -> None:
    publish(journal)
    before = {path: path.read_bytes() for path in (journal / "site").rglob("*") if path.is_file()}
    (journal / "README.md").write_text("# Another\n")
    (journal / "index.md").write_text("# Mine\n")
    with pytest.raises(Refused, match=r"both become index\.html"):
        publish(journal)
    assert {path: path.read_bytes() for path in (journal / "site").rglob("*") if path.is_file()} == before


def test_a_list_of_files_that_was_tampered_with_removes_nothing_outside(journal: Path) -> None:
    publish(journal)
    manifest = journal / "site" / MANIFEST
    text = manifest.read_text()
    manifest.write_text(text.replace('"files":{', '"files":{"../README.md":"00","/etc/x":"00",'))
    assert publish(journal).removed == ()
    assert (journal / "README.md").exists()
    manifest.write_text("[]")
    publish(journal)
    assert manifest.read_text() == text


def test_front_matter_that_is_no_yaml_is_told(journal: Path) -> None:
    (journal / "README.md").write_text("---\n: [\n---\nhi\n")
    assert "README.md: " in publish(journal).warnings[0]


@pytest.mark.skipif(command() is None, reason="mystmd or Node is not here")
def test_mystmds_trees_make_the_same_site_where_both_can(journal: Path) -> None:
    text = FUSION + "\n```{ask}\nWhy *so*?\n```\n\n$$ x^2 $$ (e)\n\nSee {eq}`e`, {cite}`nobody`.\n"
    (journal / "journal/2026-11-22-fusion.md").write_text(text)
    found = [replace(page, marks={11: Mark("intact", "intact")}, cells={7: ("abc", "def")}) for page in pages(journal)]
    report = build(found, journal, journal / "site", Site("J"), front="mystmd")
    assert (report.broken, report.warnings) == ((), ())
    page = (journal / "site/journal/2026-11-22-fusion.html").read_text()
    assert '<span class="badge badge-intact">intact</span>' in page
    assert 'id="cell-abc"' in page
    assert 'href="2026-10-02-scan.html#how">the scan</a>' in page
    assert '<iframe sandbox="allow-scripts"' in page
    assert '<p class="who">Question</p><p>Why <em>so</em>?</p>' in page
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in page
    assert "<h1>A prefix scan</h1>" in (journal / "site/journal/2026-10-02-scan.html").read_text()


def test_without_mystmd_the_built_in_front_end_is_used_and_it_is_said(
    journal: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report = publish(journal, front="mystmd")
    assert (journal / "site/journal/2026-11-22-fusion.html").exists()
    assert len(report.warnings) == (0 if command() else 1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.text())
@example('---\ntitle: \x00\ud800\ntags: ["\\n", 1, null]\n---\n', "x")
@example("[a](\ud800) ![](%00) [b](a\x00b) <a href='" + "x" * 5000 + "'>", "a" * 300)
def test_any_text_becomes_a_page_of_a_site(journal: Path, text: str, title: str) -> None:
    found = [Page("a.md", text), Page("b.md", f"---\ntitle: {title!r}\n---\n[](a.md)\n")]
    build(found, journal, journal / "any", Site(title))
    first = content(journal / "any")
    build(found, journal, journal / "any", Site(title))
    assert content(journal / "any") == first
    fromstring(first["feed.xml"])


def test_a_title_that_is_said_twice_is_shown_once(journal: Path) -> None:
    (journal / "README.md").write_text("---\ntitle: My notes\n---\n\n# My  notes\n\n## Why\n\nA journal.\n")
    publish(journal)
    page = (journal / "site/about.html").read_text()
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", page) == ["My notes"]
    assert "<h2" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# On $L^2$ and [`np.roll`](b.md)[^1]\n\n[^1]: Why.\n", "On <math>L2</math> and <code>np.roll</code>"),
        ("---\ntitle: On $L^2$, f*g*h & co\n---\n\nWords.\n", "On <math>L2</math>, f*g*h &amp; co"),
        ("---\ntitle: On $L^2$\n---\n\n# On $L^2$\n\nWords.\n", "On <math>L2</math>"),
        ("---\ntitle: from $5 to $6 <b>\n---\n\nWords.\n", "from $5 to $6 &lt;b&gt;"),
    ],
)
def test_a_title_is_drawn_wherever_it_stands(journal: Path, text: str, shown: str) -> None:
    (journal / "journal/2026-11-23-norms.md").write_text(text)
    publish(journal)
    plain = [_less(path.read_text()) for path in (journal / "site").rglob("*.html")]
    assert sum(f"<h1>{shown}</h1>" in page for page in plain) == 1
    assert sum(f'class="title" href="journal/2026-11-23-norms.html">{shown}</a>' in page for page in plain) == 1
    assert sum(f"<span>Newer</span>{shown}</a>" in page for page in plain) == 1


def test_headings_are_drawn_among_the_contents(journal: Path) -> None:
    (journal / "journal/a.md").write_text("# A\n\n## In $L^2$\n\n## [Two](b.md)\n\n## `c`\n")
    publish(journal)
    page = _less((journal / "site/journal/a.html").read_text())
    assert page.count('<li class="level-0"><a href="#in-l-2">In <math>L2</math></a></li>') == 2
    assert page.count('">Two</a></li>') == page.count('"><code>c</code></a></li>') == 2


def _less(page: str) -> str:
    """A page, of whose formulas the letters stand."""
    return re.sub(r"<math.*?</math>", lambda it: f"<math>{re.sub('<[^>]*>', '', it[0])}</math>", page)


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (r"Euler says $e^{i\pi}+1=0$. We check it with $n$ terms. Then more.", "We check it with n terms."),
        (r"Only $\sqrt{2}$ here.", "Only … here."),
        ("For $n$ cells. Next.", "For n cells."),
    ],
)
def test_an_excerpt_holds_no_raw_formula(journal: Path, text: str, summary: str) -> None:
    (journal / "journal/2026-10-02-scan.md").write_text(f"# A scan\n\n{text}\n")
    publish(journal)
    assert f"<p>{summary}</p>" in (journal / "site/index.html").read_text()


STRANGE = """# Strange

Some {role}`x` and
on the next line {cite:p}`Turing36`, then [@Lovelace1843; @b] and {sub}`2`.

- in a list

  ```{nosuch} a
  b
  ```

`{role}` and `[@code]` and me@example.org stay as they are.
"""


def test_what_nobody_can_draw_is_told_with_its_line(journal: Path) -> None:
    (journal / "journal/2026-10-02-scan.md").write_text(STRANGE)
    told = [words.removeprefix("journal/2026-10-02-scan.md:") for words in publish(journal).warnings]
    assert [words.removesuffix(": it is shown as it is written") for words in told] == [
        "3: {role} is no role that nozzle knows",
        "4: {cite:p}`Turing36`: a citation is resolved by mystmd only",
        "4: [@Lovelace1843]: a citation is resolved by mystmd only",
        "8: {nosuch} is no directive that nozzle knows",
    ]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: what a browser makes of the page is not seen")
@pytest.mark.parametrize("asked", ["?q=pass", "#pass", "?q=pass&x=1"])
def test_a_link_to_a_search_is_answered(journal: Path, asked: str) -> None:
    publish(journal)
    words = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={journal / 'of'}"]
    link = (journal / "site/search.html").as_uri() + asked
    seen = subprocess.run([*words, "--dump-dom", link], capture_output=True, text=True, timeout=60).stdout
    assert 'href="journal/2026-10-02-scan.html"' in seen.partition('id="found"')[2]


def test_a_link_within_a_page_jumps_at_once(journal: Path) -> None:
    publish(journal)
    assert "smooth" not in (journal / "site/journal.css").read_text()


MANY = 300_000
"""Characters that would be gone through from each of them on: for longer than any test may take."""


@pytest.mark.parametrize("text", ["word " * (MANY // 5), "(" * MANY, "*a " * (MANY // 10), "!" * MANY + "a"])
def test_the_summary_of_a_paragraph_without_an_end_is_found_in_one_pass(text: str) -> None:
    paragraph = {"type": "paragraph", "children": [{"type": "text", "value": text}]}
    article = {"frontmatter": {}, "mdast": {"type": "root", "children": [paragraph]}}
    assert leaf(Page("a.md", "", {}, {}), article).summary.endswith(" …")


def test_words_and_target_of_a_role_are_told_apart() -> None:
    assert plain(role("ref", "the <old>  scan <scan>")) == "the <old>  scan"
    assert role("download", "the data  <a.csv>")["url"] == "a.csv"
    short = role("abbr", "CPU (a) (Central Unit)")
    assert (plain(short), short["title"]) == ("CPU (a)", "Central Unit")


@pytest.mark.parametrize("name", ["ref", "download", "abbr"])
def test_a_role_with_blanks_without_end_is_read_in_one_pass(name: str) -> None:
    assert role(name, "a" + " " * MANY + "b")["type"] in ("crossReference", "link", "abbreviation")
