"""The local page: what the journal looks like now, in a browser on this machine, while the watch runs.

It listens on the loopback unless it is told otherwise, and answers nobody without the token of its link, or the code
that lets a phone in. What a reader does there is a deed, handed to a callable; without one the page only reads. It
refuses to know what an entry is: blocks come as HTML with keys, and deeds go out as words.
"""

from nozzle.page.deed import Deed, Done
from nozzle.page.rendering import Away, Live
from nozzle.page.server import Page

__all__ = ["Away", "Deed", "Done", "Live", "Page"]
