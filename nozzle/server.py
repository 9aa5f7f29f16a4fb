"""One MCP server, as the settings name it: what is started or called, and what of its tools only looks.

A secret is never among it: what it needs is named, and looked up when it is called.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from nozzle.schema import checked


def _is_an_address(url: str) -> str:
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError("should be an address, https://host/path")
    if parts.username or parts.password:
        raise ValueError("should hold no password: token names the variable that holds one")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("should begin with https://: only this machine is spoken to without")
    return url


def _is_a_name(token: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*|", token):
        raise ValueError("should be the name of a variable (CALENDAR_TOKEN), and never the token itself")
    return token


@dataclass(frozen=True)
class Server:
    """An MCP server whose tools cells may call, as `mcp.NAME.TOOL(...)`."""

    command: tuple[str, ...] = checked((), "The program that serves, its arguments; or it has a url.")
    url: str = checked("", "Where it serves already, over streamable HTTP.", check=_is_an_address)
    token: str = checked(
        "",
        "Name of the environment variable, or of the keyring's entry, with the token for the url.",
        check=_is_a_name,
    )
    env: tuple[str, ...] = checked((), "Names of variables of your environment that it gets, keys for example.")
    looks: tuple[str, ...] = checked((), "Its tools that change nothing; each other one waits for you.")

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise ValueError("should have either a command, which is started, or a url")
        if self.url and self.env:
            raise ValueError("env is for a command; a url may have a token")
        if self.token and not self.url:
            raise ValueError("token is for a url; what a command needs of your environment is named in env")
