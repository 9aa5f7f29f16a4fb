"""markdown-it's own block rules, let loose on a few lines of a text, one block at a time.

The rules are the library's, as it has them for MyST; nothing of what they decide is decided here. Used for the blocks
that an expression cannot find for certain, and for looking inside a block.
"""

from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock


class Found(NamedTuple):
    """A block as it is found: where it ends in the text; a definition of a link has no kind."""

    kind: str
    end: int
    info: str = ""
    markup: str = ""
    loose: bool = False
    """A `$$` in it looked for its end as far as the window went, in vain."""


class Window:
    """A part of a text, from the beginning of a line to the end of one; blocks in it are found from the top down."""

    def __init__(self, text: str, start: int, stop: int) -> None:
        from markdown_it.rules_block import StateBlock

        self.start, self.stop = start, stop
        self._above = "\n" if start else ""  # so that no line but a text's first is taken for one
        self._state = StateBlock(self._above + text[start:stop], parser(), {}, [])

    def block(self, position: int) -> Found:
        """Parse the one block that begins at a position of the text."""
        state, shift = self._state, self.start - len(self._above)
        state.line = line = bisect_left(state.bMarks, position - shift)
        state.tokens, state.env, state.level, state.parentType = [], {}, 0, "root"
        next(rule for rule in parser().block.ruler.getRules("") if rule(state, line, state.lineMax, False))
        end = state.bMarks[state.line] + shift
        if not state.tokens:
            return Found("", end)
        token = state.tokens[0]
        fence, heading = token.type in ("fence", "colon_fence"), token.type == "heading_open"
        info, markup = token.info if fence else "", token.markup if fence or heading else ""
        return Found(token.type, end, info, markup, "loose" in state.env)


@cache
def parser() -> "MarkdownIt":
    """Return markdown-it as MyST has it at block level; a `$$` that searched to the end in vain is noted in `env`."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.colon_fence import colon_fence_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin
    from mdit_py_plugins.myst_blocks import myst_block_plugin

    markdown = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
    markdown.use(myst_block_plugin).use(dollarmath_plugin)
    ruler = markdown.block.ruler
    plain = ruler.getRules("")[ruler.get_active_rules().index("math_block")]

    def math_block(state: "StateBlock", start: int, stop: int, silent: bool) -> bool:
        if plain(state, start, stop, silent):
            return True
        begin = state.bMarks[start] + state.tShift[start]
        opening = state.src[begin : state.eMarks[start]]
        if opening.startswith("$$") and "$$" not in opening[2:] and stop == len(state.bMarks) - 1:
            state.env["loose"] = True
        return False

    ruler.at("math_block", math_block)
    return markdown
