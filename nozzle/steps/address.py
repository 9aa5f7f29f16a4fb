"""Where a stranger's machine finds what lies in a folder: the repository's address on the web, and the commit.

It refuses to tell what only this machine can reach, and names no user and no password.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from nozzle.steps.door import Door


def address(folder: Path) -> tuple[str, str]:
    """A web address of the repository whose root this is, and HEAD's commit, which it has; two empty words if none."""
    door = Door(folder)
    if door.ask("rev-parse", "--show-prefix").out.strip() or (head := door.ask("rev-parse", "HEAD")).status != 0:
        return "", ""
    commit = os.fsdecode(head.out).strip()
    known = door.ask("for-each-ref", "--format=%(refname)", "--contains", commit, "refs/remotes").out
    for branch in os.fsdecode(known).splitlines():
        remote = branch.removeprefix("refs/remotes/").split("/")[0]
        if found := on_the_web(os.fsdecode(door.ask("config", f"remote.{remote}.url").out).strip()):
            return found, commit
    return "", ""


def on_the_web(url: str) -> str:
    """The same repository as everybody reaches it; empty where nobody does.

    >>> on_the_web("git@example.org:me/nozzle.git"), on_the_web("https://me:$TOKEN@example.org/nozzle")
    ('https://example.org/me/nozzle.git', 'https://example.org/nozzle')
    >>> on_the_web("/srv/nozzle.git")
    ''
    """
    if short := re.fullmatch(r"[\w.-]+@([\w.-]+):(?!/)(\S+)", url):
        return f"https://{short[1]}/{short[2]}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ssh") or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port and parts.scheme != "ssh" else ""
    scheme = "https" if parts.scheme == "ssh" else parts.scheme
    return urlunsplit((scheme, parts.hostname + port, parts.path, "", ""))
