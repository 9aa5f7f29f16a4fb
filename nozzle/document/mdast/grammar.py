"""The grammar of an entry: CommonMark and what MyST adds to it. markdown-it parses; no rule of our own is added."""

from collections.abc import MutableMapping
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

Names = MutableMapping[str, Any]  # link definitions and footnotes, shared by an entry and the bodies of its directives


@cache
def _markdown(front: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    if front:
        markdown.use(front_matter_plugin)
    return (
        markdown.use(colon_fence_plugin)
        .use(myst_block_plugin)
        .use(myst_role_plugin)
        # a dollar beside a digit or a blank is money, not mathematics
        .use(dollarmath_plugin, double_inline=True, allow_digits=False, allow_space=False)
        .use(amsmath_plugin)
        .use(footnote_plugin, inline=False, move_to_end=False)
        .use(deflist_plugin)
    )


def blocks(source: str, names: Names, front: bool = False) -> list[Token]:
    """Parse Markdown into markdown-it's block tokens; `names` is read and added to."""
    return _markdown(front).parse(source if source.endswith("\n") else source + "\n", names)


def inline(source: str, names: Names) -> list[Token]:
    """Parse one run of text, as in a caption."""
    return _markdown(False).parseInline(source, names)
