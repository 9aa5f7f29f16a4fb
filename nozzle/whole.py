"""A file written whole: it holds the old bytes or the new ones, and never lands where a link would lead it.

Cells of agents may write into folders that nozzle writes into, too; what they leave there is not followed.
"""

import os
import secrets
from pathlib import Path


def write(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Put `content` at `path`, over a file or a link of that name; OSError when it cannot be, or its folder is a link.

    `mode` is that of a new file, less the umask.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    part = f".{path.name[:200]}.{secrets.token_hex(8)}.part"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(part, flags, mode, dir_fd=folder), "wb") as file:
            file.write(content)
        os.replace(part, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        try:
            os.unlink(part, dir_fd=folder)
        except FileNotFoundError:
            pass
        raise
    finally:
        os.close(folder)
