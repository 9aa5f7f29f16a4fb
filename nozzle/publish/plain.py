"""Files of the journal that a page may show: regular ones, reached without following a single link.

A link in the journal could lead to a hidden file, whatever it is called itself; so none is followed.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(root: Path, place: str) -> BinaryIO:
    """Open a file below the root; raises OSError when there is none, or a link is on the way."""
    *folders, name = place.split("/")
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            outer, here = here, os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(outer)
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise FileNotFoundError(f"{place} is no regular file")
    return open(found, "rb")
