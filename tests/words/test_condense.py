"""nozzle condense: the map on the terminal, beside the entry, and as a draft."""

import json
from pathlib import Path

from nozzle.words.condense import keep
from nozzle.words.journal import journal
from tests.words.conftest import Say, entry

RAMBLE = """---
title: Scan
---

I wonder whether the bandwidth is the limit.

We're going with numba.

Scratch that, numba stalls.

let's plot the bandwidth against n
"""


def test_the_map_names_lines_and_says_that_no_model_was_asked(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, RAMBLE, "journal/scan.md")
    said = say("condense", "journal/scan.md")
    assert said.status == 0
    assert "  journal/scan.md:5  ? I wonder whether the bandwidth is the limit.\n" in said.out
    assert "  journal/scan.md:7  - We're going with numba.\n  journal/scan.md:9  + Scratch that" in said.out
    assert said.out.index("Open questions") < said.out.index("Taken back") < said.out.index("\nNext\n")
    assert "no model was asked" in said.out


def test_without_a_name_the_entry_written_last_is_meant(say: Say, folder: Path) -> None:
    say("new", "Older")
    entry(folder, RAMBLE, "journal/scan.md")
    (folder / "README.md").write_text("# A journal\n")
    assert json.loads(say("condense", "--json").out)["entry"] == "journal/scan.md"


def test_json_counts_lines_from_one_and_links_every_point(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, RAMBLE, "journal/scan.md")
    found = json.loads(say("condense", "journal/scan.md", "--json").out)
    assert [(point["kind"], [link["line"] for link in point["links"]]) for point in found["points"]] == [
        ("question", [5]),
        ("decision", [7, 9]),
        ("reversal", [9, 7]),
        ("task", [11]),
    ]
    assert found["next"]["words"].startswith("let's plot")
    assert found["model"] is None


def test_a_post_is_a_draft_that_leads_back_and_is_never_overwritten(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, RAMBLE, "journal/scan.md")
    assert say("condense", "journal/scan.md", "--post").out == "journal/scan-condensed.md\n"
    post = (folder / "journal/scan-condensed.md").read_text()
    assert 'title: "Scan, condensed"' in post
    assert "draft: true\ncondensed: scan.md\n" in post
    assert "- We still do not know: “I wonder whether the bandwidth is the limit.” ([there](scan.md#said-" in post
    assert "is there already" in say("condense", "journal/scan.md", "--post").out


def test_the_links_of_a_post_lead_somewhere_on_the_site(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, RAMBLE, "journal/scan.md")
    say("condense", "journal/scan.md", "--post")
    post = folder / "journal/scan-condensed.md"
    post.write_text(post.read_text().replace("draft: true\n", ""))
    built = say("build")
    assert built.status == 0
    assert "nothing named" not in built.out
    raw = (folder / "site/journal/scan.html").read_text()
    for name in {part.split(")")[0] for part in post.read_text().split("(scan.md#")[1:]}:
        assert f'id="{name}"' in raw


def test_the_map_beside_an_entry_is_kept_current_and_is_no_entry(say: Say, folder: Path) -> None:
    say("new", "x")
    path = entry(folder, RAMBLE, "journal/scan.md")
    with journal() as here:
        place = keep(here, path)
        assert place == folder / "journal/_out/scan.map.md"
        assert "- ? let's plot the bandwidth against n [11](../scan.md#L11)" in place.read_text()
        path.write_text(RAMBLE + "\nHow long does it take?\n")
        assert "How long does it take?" in keep(here, path).read_text()
        before = place.stat().st_mtime_ns
        assert keep(here, path).stat().st_mtime_ns == before
        assert place not in here.entries()


def test_a_secret_in_an_entry_is_not_in_its_map(say: Say, folder: Path) -> None:
    say("new", "x")
    token = "ghp_" + "a1B2" * 9
    path = entry(folder, f"why does {token} not work?\n", "journal/scan.md")
    with journal() as here:
        assert token not in keep(here, path).read_text()


def test_what_goes_wrong_is_one_line(say: Say, folder: Path) -> None:
    assert "is in no journal" in say("condense").out
    say("new", "x")
    assert "say one of them" in say("condense", "--post", "--json").out
    assert "there is no" in say("condense", "nowhere.md").out


def test_a_cell_that_is_cited_is_found_on_the_site(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, RAMBLE + "\n```{code-cell} python\nprint(1)\n```\n", "journal/scan.md")
    assert say("run").status == 0
    say("condense", "journal/scan.md", "--post")
    post = folder / "journal/scan-condensed.md"
    post.write_text(post.read_text().replace("draft: true\n", ""))
    assert "(scan.md#cell-" in post.read_text()
    assert "nothing named" not in say("build").out
