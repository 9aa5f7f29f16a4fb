"""The local page: what the journal looks like now, in a browser on this machine, while the watch runs.

It listens on the loopback only, answers nobody without the token of its link, and only reads: no request changes
anything. It refuses to know what an entry is: blocks come as HTML with keys, from a callable that is handed in.
"""

from nozzle.page.rendering import Live
from nozzle.page.server import Page

__all__ = ["Live", "Page"]
