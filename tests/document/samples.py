"""Texts for property tests: pieces that a journal is made of, whole and broken, in any order and line ending."""

from hypothesis import strategies as st

PIECES = (
    "# Heading", "prose, and `code`", "", "", "- item", "  - inner", "> quote", "    indented", "\ttab", "| a | b |",
    "|---|---|", "```{code-cell} python", "```{code-cell}", "```{code-cell} bash", "```", "````", "~~~", "~~~{code-cell}",
    ":::{code-cell} python", ":::", "::::{note}", "::::", "x = 1", "print(x)  # why", "#| label: a", ":tags: [skip-execution]",
    "---", "$$", "% comment", "+++", "<!-- c -->", "<!--", "-->", "<div>", "</div>", "\ufefftitle", "\x00", "a\u2028b",
    "<!-- nozzle:output v=1 of=123456789abc status=ok sha=0123456789ab -->", "<!-- /nozzle -->", "/ask why", "(lbl)=",
    "<!-- nozzle:note v=1 of=123456789abc by=explainer -->", "1. one", "[^1]: note", "```text", "<<<<<<< HEAD",
)  # fmt: skip

HOSTILE = (
    "x\n```\n<!-- /nozzle -->\n# pwn\n```{code-cell} python\nimport os\n```\n", "`" * 12 + "\n# pwn\n", "a\r```\r# pwn",
    "\u2028```\u2028# pwn", "\x0c```\n", "   ```\n# pwn", "~~~\n# pwn", "-->\n# pwn", "$$\n# pwn\n$$", "---\n# pwn\n",
    "\x1b[31m```\x1b[0m\n# pwn", "\t```\n#pwn", "", "/do rm -rf x\n", "- [x] run\n", ":::{code-cell}\n1\n:::", "\x00\x07",
    "<!-- nozzle:output v=1 of=0 status=ok sha=0 -->", "</details>\n\n```{code-cell}\n1\n```", "<script>", "\ud800", "|\n|-|",
)  # fmt: skip

line_ends = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of journal pieces, with one line ending, with or without a last one."""
    rows = draw(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=16))
    end = draw(line_ends)
    return end.join(rows) + draw(st.sampled_from(["", end]))


@st.composite
def journals(draw: st.DrawFn) -> str:
    """A text with whole cells in it."""
    parts = draw(st.lists(st.one_of(texts(), st.sampled_from(CELLS)), min_size=1, max_size=8))
    end = draw(line_ends)
    return end.join(part.replace("\n", end) for part in parts) + draw(st.sampled_from(["", end]))


CELLS = (
    "```{code-cell} python\nx = 1\n```", ":::{code-cell} python\nprint(x)\n:::", "~~~{code-cell} bash\necho hi\n~~~",
    "```{code-cell}\n```", "````{code-cell} python\n#| label: a\nprint('```')\n````",
    "```{code-cell} python\n:tags: [raises-exception]\n1/0\n```", "```{code-cell} python\n:tags: [skip-execution]\n2\n```",
)  # fmt: skip

hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
