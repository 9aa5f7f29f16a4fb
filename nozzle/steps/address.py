"""Where a stranger's machine finds what lies in a folder: the repository's address on the web, and the commit.

It refuses to tell what only this machine can reach, and names no user and no password.
"""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from nozzle.steps.door import Door

_LOCAL = (".localhost", ".local", ".lan", ".home", ".home.arpa", ".test", ".invalid")
"""How names end that mean something in one house alone, or nothing."""


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
    >>> [*map(on_the_web, ("/srv/nozzle.git", "https://localhost:3000/me/n.git", "git@alias:me/n.git", "http://a.org:b"))]
    ['', '', '', '']
    """
    if short := re.fullmatch(r"[\w.-]+@([\w.-]+):(?!/)(\S+)", url):
        url = f"ssh://{short[1]}/{short[2]}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # no port is a word, and brackets close
        return ""
    if parts.scheme not in ("http", "https", "ssh") or not _is_public(host):
        return ""
    scheme, tail = ("https", "") if parts.scheme == "ssh" else (parts.scheme, f":{port}" if port else "")
    return urlunsplit((scheme, (f"[{host}]" if ":" in host else host) + tail, parts.path, "", ""))


def _is_public(host: str) -> bool:
    """Whether a name may mean the same to every machine: one without a dot, such as an alias of ssh, is known here."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.rstrip(".").endswith(_LOCAL)
