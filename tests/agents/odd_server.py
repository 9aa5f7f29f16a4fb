"""An MCP server that does what the protocol allows and few do: two pages of tools, names that are none in Python,
pictures and resources in its replies, errors of the protocol, a sudden end. `odd_server.py FILE` notes each call there.
"""

import json
import os
import sys
from typing import Any

TEXT = {"type": "string"}
PICTURE = {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}
TABLE = {"type": "resource", "resource": {"uri": "file:///a.csv", "text": "a,b\n1,2", "mimeType": "text/csv"}}
LINK = {"type": "resource_link", "uri": "file:///b.pdf", "name": "b", "size": 1234}


def tool(name: str, *needed: str, **more: Any) -> dict[str, Any]:
    """One tool, as it is listed."""
    schema = {"type": "object", "properties": {**dict.fromkeys(needed, TEXT), **more}, "required": list(needed)}
    return {"name": name, "inputSchema": schema}


PAGES = [
    [tool("mail", "from", "to"), tool("get-events", "time-zone", day={"type": ["string", "null"]}, more=True)],
    [tool("count"), tool("bad"), tool("die"), tool("show"), tool("both"), tool("import")],
]
REPLIES: dict[str, dict[str, Any]] = {
    "show": {"content": [{"type": "text", "text": "two rows"}, PICTURE, TABLE, LINK]},
    "both": {"content": [PICTURE], "structuredContent": {"rows": 2}},
}


def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """A page of tools."""
    at = int(asked.get("cursor") or 0)
    return {"tools": PAGES[at], **({"nextCursor": str(at + 1)} if PAGES[at + 1 :] else {})}


def called(asked: dict[str, Any], number: int) -> dict[str, Any]:
    """What a call gives; the number of the calls so far tells one run of this program from another."""
    name = asked["name"]
    if name == "die":
        os._exit(1)
    said = f"{name} {number} {json.dumps(asked.get('arguments'), sort_keys=True)}"
    return REPLIES.get(name, {"content": [{"type": "text", "text": said}]})


def main() -> None:
    """Answer each line."""
    number = 0
    for line in sys.stdin:
        asked = json.loads(line)
        given, answer = asked.get("params") or {}, {"jsonrpc": "2.0", "id": asked.get("id")}
        if answer["id"] is None:
            continue
        if asked["method"] == "tools/call":
            number += 1
            with open(sys.argv[1], "a") as file:
                file.write(f"{given['name']}\n")
        if asked["method"] == "initialize":
            told = {"protocolVersion": given["protocolVersion"], "serverInfo": {"name": "odd", "version": "1"}}
            answer["result"] = {**told, "capabilities": {"tools": {}}}
        elif asked["method"] == "tools/list":
            answer["result"] = listed(given)
        elif asked["method"] == "tools/call" and given["name"] != "bad":
            answer["result"] = called(given, number)
        else:
            answer["error"] = {"code": -32602, "message": "no such thing"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
