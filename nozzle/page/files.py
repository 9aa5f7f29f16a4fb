"""Files of the built site, and nothing beside it: no link is followed, no hidden file shown, no folder listed."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from nozzle import whole

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".woff2": "font/woff2",
    ".pdf": "application/pdf",
}


def parts(path: str) -> list[str] | None:
    """Return the names on a decoded path, a folder standing for its index; None for what is never served.

    >>> parts("/journal/x.html"), parts("/"), parts("/../x"), parts("/.git/config"), parts("//x")
    (['journal', 'x.html'], ['index.html'], None, None, None)
    """
    names = (path + "index.html" if path.endswith("/") else path)[1:].split("/")
    strange = any(not name or name.startswith(".") or "\\" in name or "\0" in name for name in names)
    return None if strange else names


def kind(name: str) -> str | None:
    """Return the content type of a file that browsers show; None for one that is only to be kept."""
    return _KINDS.get(os.path.splitext(name)[1].lower())


def opened(root: Path, names: Sequence[str]) -> BinaryIO | None:
    """Open a regular file below a folder; None when there is none.

    Every step refuses links, so that nothing that is swapped meanwhile can lead outside.
    """
    try:
        return whole.opened(root.joinpath(*names), root=root)
    except OSError:  # also a name too long
        return None
