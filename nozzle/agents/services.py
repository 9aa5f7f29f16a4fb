"""What the host does for cells, which have no network and no keys of nozzle's: search, recall, MCP tools, as JSON."""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from nozzle.errors import NozzleError
from nozzle.explainer import Passage
from nozzle.runner import Call, Serve, Servers

MOST = 8
"""Results that are given back."""
PATIENCE = 15.0
"""Seconds that a search engine is waited for."""


def service(
    recall: Callable[[str], Sequence[Passage]],
    redact: Callable[[str], str] = lambda text: text,
    servers: Servers | None = None,
) -> Serve:
    """A function from a tool's name and arguments to what it gives."""

    def serve(call: Call) -> str | None:
        name, query = call.name, str(call.arguments.get("query", ""))
        try:
            if name == "search" and (url := os.environ.get("NOZZLE_SEARCH_URL", "")):
                return json.dumps(_searched(url, redact(query)))
            if name in ("search", "recall"):
                return redact(json.dumps([passage.as_dict() for passage in recall(query)]))
            if name == "mcp" and servers is not None:
                return servers.serve(call)
        except NozzleError as error:
            return json.dumps({"error": str(error)})
        return None

    return serve


def _searched(url: str, query: str) -> list[dict[str, Any]]:
    """What a SearXNG server finds (its JSON API: GET /search?q=&format=json)."""
    import urllib.error
    import urllib.parse
    import urllib.request

    words = urllib.parse.urlencode({"q": query, "format": "json"})
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise NozzleError(f"NOZZLE_SEARCH_URL is no address of a search engine: {url}")
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/search?{words}", timeout=PATIENCE) as reply:
            found = json.loads(reply.read(5_000_000))
    except (OSError, ValueError) as error:
        raise NozzleError(f"{url}: the search engine gave no answer that can be read ({error})") from None
    results = found.get("results") if isinstance(found, dict) else None
    if not isinstance(results, list):
        raise NozzleError(f"{url}: the search engine gave no results: is this its JSON API?")
    keys = ("title", "url", "content", "engine", "score")
    return [{key: each.get(key) for key in keys} for each in results[:MOST] if isinstance(each, dict)]
