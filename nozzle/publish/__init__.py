"""Publish: a journal becomes a folder of HTML that works from a file, a domain or a path below one, offline.

This room reads files that pages link to and writes into one output folder; it runs nothing and fetches nothing. What
cells are called and what is known of an output (its badge) is told by the caller.
"""

from nozzle.publish.build import bring, build
from nozzle.publish.drawing import Mark
from nozzle.publish.leaf import sources, target
from nozzle.publish.live import phrase, render
from nozzle.publish.mystmd import command as mystmd
from nozzle.publish.site import Broken, Page, Report, Site

__all__ = [
    "Broken",
    "Mark",
    "Page",
    "Report",
    "Site",
    "bring",
    "build",
    "mystmd",
    "phrase",
    "render",
    "sources",
    "target",
]
