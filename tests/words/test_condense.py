"""nozzle condense: the map on the terminal, beside the entry, and as a draft."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nozzle.document.entry import Entry
from nozzle.document.thought.said import said as paragraphs
from nozzle.document.thought.show import as_dict, as_page, as_text, post
from nozzle.errors import Missing
from nozzle.lm import Failed, Scripted
from nozzle.words.condense import followed, keep, mapped, weighed
from nozzle.words.journal import journal
from tests.document.citation import supported
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
    say("condense", "--post")
    assert json.loads(say("condense", "--json").out)["entry"] == "journal/scan.md"  # and not the draft made of it


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


def test_a_post_leads_to_each_of_two_that_are_alike(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, "# Scan\n\nShould I plot it?\n\nBetween.\n\nShould I plot it?\n", "journal/scan.md")
    say("condense", "journal/scan.md", "--post")
    told = (folder / "journal/scan-condensed.md").read_text()
    places = re.findall(r"Should I plot it\?” \(\[there\]\(scan\.md#([\w-]+)\)", told.split("## Next")[0])
    assert places[1:] == [f"{places[0]}-2"]


@pytest.mark.parametrize(
    ("top", "title"),
    [("# A scan, *thought* out\n", "A scan, *thought* out"), ("## Part\n", "scan"), ("A scan\n===\n", "A scan")],
)
def test_a_post_of_an_entry_without_a_title_has_that_of_its_heading(
    say: Say, folder: Path, top: str, title: str
) -> None:
    say("new", "x")
    entry(folder, f"{top}\nI wonder whether it scales.\n", "journal/scan.md")
    say("condense", "journal/scan.md", "--post")
    assert f'title: "{title}, condensed"' in (folder / "journal/scan-condensed.md").read_text()


def test_what_condense_wrote_in_a_draft_is_not_the_authors_and_what_he_adds_is(say: Say, folder: Path) -> None:
    say("new", "x")
    entry(folder, RAMBLE + "\nDecision: publish the second chain.\n", "journal/scan.md")
    say("condense", "journal/scan.md", "--post")
    post = folder / "journal/scan-condensed.md"
    path = str(post.relative_to(folder))
    assert json.loads(say("condense", path, "--json").out)["points"] == []
    assert "**Goal.** Scan, condensed\n" in say("how", path).out
    post.write_text(post.read_text() + "\n## Since\n\nDecision: the step is 0.1.\n")
    points = json.loads(say("condense", path, "--json").out)["points"]
    assert [point["words"] for point in points] == ["Decision: the step is 0.1."]
    assert "**Goal.** Since: Decision" in say("how", path).out


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


def test_an_entry_that_is_renamed_away_while_its_map_is_kept_is_said_to_be_gone(say: Say, folder: Path) -> None:
    say("new", "x")
    path = entry(folder, RAMBLE, "journal/scan.md")
    with journal() as here:
        assert followed(here, path) == "journal/_out/scan.map.md: current"
        path.rename(path.with_name("sums.md"))
        assert followed(here, path).startswith("journal/scan.md: renamed or removed; its map stays as it was.")
        assert (folder / "journal/_out/scan.map.md").exists()


def test_an_entry_that_is_no_text_for_a_while_is_said_to_be_and_its_map_comes_back(say: Say, folder: Path) -> None:
    say("new", "x")
    path = entry(folder, RAMBLE, "journal/scan.md")
    with journal() as here:
        followed(here, path)
        path.write_bytes(b"Should I go?\n\n\xff\xfe\n")
        said = followed(here, path)
        assert "scan.md:3: this is not UTF-8 text" in said
        assert said.endswith("; its map follows then")
        path.write_text("Should I go?\n")
        assert followed(here, path) == "journal/_out/scan.map.md: current"
        assert "Should I go?" in (folder / "journal/_out/scan.map.md").read_text()


@pytest.mark.parametrize("name", ["scan.map.md", "scan.map.new"])
def test_the_map_is_not_written_through_a_link_that_a_cell_left(say: Say, folder: Path, name: str) -> None:
    path, victim = entry(folder, RAMBLE, "journal/scan.md"), folder / "victim"
    victim.write_text("mine")
    say("run")
    (folder / "journal" / "_out").mkdir(exist_ok=True)
    (folder / "journal" / "_out" / name).symlink_to(victim)
    with journal(folder) as here:
        place = keep(here, path)
    assert victim.read_text() == "mine"
    assert not place.is_symlink()


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


def choosing(folder: Path, reply: Callable[[list[str]], str | Failed]) -> tuple[Scripted, Path]:
    """A model that is sent a ramble, and replies with the names of its paragraphs in hand."""
    names = [each.digest for each in paragraphs(Entry(RAMBLE))]
    return Scripted(lambda messages: reply(names)), entry(folder, RAMBLE, "journal/scan.md")


def test_points_that_a_model_chose_stand_word_for_word_where_they_lead(say: Say, folder: Path) -> None:
    say("new", "x")
    rows = (
        "question | {0} | whether the bandwidth is the limit\n- reversal | {2} | numba stalls. | {1} | going with numba"
    )
    model, path = choosing(folder, lambda names: rows.format(*names))
    with journal(folder) as here:
        here.model = model
        found = mapped(here, path, by_model=True)
        assert [(point.kind, [link.line for link in point.links]) for point in found.points] == [
            ("question", [4]), ("reversal", [8, 6])
        ]  # fmt: skip
        assert all(supported(here.read(path), point) for point in found.points)
        assert (found.model, found.refused) == ("scripted", 0)
        assert "I wonder whether" in model.calls[0].messages[-1]["content"]


@pytest.mark.parametrize(
    "row",
    [
        "question | {0} | whether the disk is the limit",
        "question | 00000000 | whether the bandwidth is the limit",
        "question | {1} | whether the bandwidth is the limit",
        "verdict | {0} | whether the bandwidth is the limit",
        "question | {0} | ",
        "decision | {1} | going with numba | {0} | whether the bandwidth",
        "reversal | {1} | going with numba | {2} | numba stalls.",
        "reversal | {2} | numba stalls. | {1} | going with zig",
    ],
)
def test_a_point_that_its_place_does_not_bear_out_is_refused_and_counted(say: Say, folder: Path, row: str) -> None:
    say("new", "x")
    model, path = choosing(folder, lambda names: row.format(*names) + f"\ntask | {names[3]} | plot the bandwidth")
    with journal(folder) as here:
        here.model = model
        found = mapped(here, path, by_model=True)
    assert [(point.kind, point.words) for point in found.points] == [("task", "plot the bandwidth")]
    assert found.refused == 1


def test_a_judge_marks_what_it_refuses_with_its_reason_and_takes_nothing_away(say: Say, folder: Path) -> None:
    say("new", "x")
    path = entry(folder, RAMBLE, "journal/scan.md")
    with journal(folder) as here:
        found = mapped(here, path)
        reply = "1 | no | says who?\n2 | no | numba *stalls*, nobody says\n3 | yes\n99 | no | what?\nSo."
        here.model = Scripted(lambda messages: reply)
        verdict = weighed(here, found)
        sent = here.model.calls[0].messages[-1]["content"]
    assert [point.doubt for point in verdict.points][:3] == ["says who?", "numba *stalls*, nobody says", ""]
    assert [point.words for point in verdict.points] == [point.words for point in found.points]
    assert all(
        f"line {link.line + 1}, " in sent and link.words in sent for point in found.points for link in point.links
    )
    told = f"scripted judged 3 of {len(found.points)} points and refused 2."
    text, page, draft = (
        show(verdict, "scan.md", "scan.md") for show in (lambda found, name, _: as_text(found, name), as_page, post)
    )
    assert all(told in shown and "refused by the judge: says who?" in shown for shown in (text, page, draft))
    assert "refused by the judge: numba *stalls*" in text
    assert "refused by the judge: numba \\*stalls\\*" in page
    assert "no model was asked" not in text
    assert as_dict(verdict)["judged"] == 3


def test_a_judge_needs_a_model_and_a_map_that_stands_still(say: Say, folder: Path) -> None:
    say("new", "x")
    path = entry(folder, RAMBLE, "journal/scan.md")
    said = say("condense", str(path), "--judge")
    assert said.status == 3
    assert "without --judge none is asked" in said.out
    assert say("condense", str(path), "--judge", "--watch").status == 2


def test_without_a_model_or_its_answer_it_says_what_is_missing(say: Say, folder: Path) -> None:
    say("new", "x")
    model, path = choosing(folder, lambda names: Failed("rate", "the server is asleep"))
    said = say("condense", str(path), "--model")
    assert said.status == 3
    assert "no model is set" in said.out
    with journal(folder) as here:
        here.model = model
        with pytest.raises(Missing, match="the server is asleep"):
            mapped(here, path, by_model=True)
    assert say("condense", str(path), "--model", "--watch").status == 2
