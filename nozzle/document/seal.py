"""What an output vouches for: its canonical form, the digest of that, and the words that are signed.

The digest covers every key of the opening marker but `sha` itself, the canonical body (LF, right-stripped, outer
blank lines away) and the content of the files it shows. So an output that was edited, or moved under other code, or
whose picture was swapped, is seen without running anything. Who made it is a signature in the closing marker, over
the state it answers and this digest: stateless, so it survives squash, rebase, shallow clones and mail.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nozzle.document.entry import SHOWN, Cell, Entry, Envelope, hexdigest

FORMAT = "1"
CHAIN_SHOWN = 32
"""Hex digits of the chain in a closing marker: 128 bits, so that a signature names one program and no other."""

_file = re.compile(r"_out/([0-9a-f]{16,64}\.[a-z0-9]{1,5})\b")
_shown = re.compile(r"(?:^|/)_out/(?:[0-9a-f]{16,64}\.[a-z0-9]{1,5}|[^/]+\.map\.md)$")
_odd_end = re.compile(r"[^\S \t\r\n][ \t]*[\r\n]*\Z")
"""Editors put spaces and tabs at the end of a line, and take them away; a vertical tab is nobody's."""


def is_made_here(path: str) -> bool:
    """Whether a path is that of a file that nozzle itself puts into an `_out`: an output's, or an entry's map.

    >>> is_made_here("journal/_out/0123456789abcdef.png"), is_made_here("journal/_out/mean.txt")
    (True, False)
    """
    return bool(_shown.search(path))


FileDigest = Callable[[str], str | None]
"""Name in `_out/` -> SHA-256 of its content in hex; None when it is missing."""
Sign = Callable[[str, str], str]
"""(chain, full digest) -> signature text."""
Verify = Callable[[str, str, str], str | None]
"""(chain, full digest, signature text) -> id of the key that made it; None when it does not hold."""


@dataclass(frozen=True, slots=True)
class Report:
    """What can be told of an output without running anything."""

    state: Literal["intact", "edited", "stale"]
    """`edited`: not as the executor left it. `stale`: intact, and the code it answers has changed since."""
    why: str = ""
    signer: str = ""
    """Id of the key whose signature holds; empty when unsigned or when the signature does not hold."""


def digest(kind: str, keys: Mapping[str, str], body: Iterable[str], file_digest: FileDigest) -> str:
    """SHA-256, in hex, of an output in canonical form."""
    rows = [row.rstrip() for row in body]
    marker = [f"{key}={value}" for key, value in keys.items() if key != "sha"]
    shown = [f"{name}:{file_digest(name) or 'missing'}" for name in files(rows)]
    return hexdigest(kind, " ".join(marker), "\n".join(rows).strip("\n"), "\n".join(shown))


def files(body: Iterable[str]) -> list[str]:
    """Names of the content-named files that a body shows, each once."""
    return list(dict.fromkeys(name for row in body for name in _file.findall(row)))


def file_name(content: bytes, suffix: str) -> str:
    """A name that is the content's own."""
    return f"{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"


def examine(block: Envelope, cell: Cell | None, file_digest: FileDigest, verify: Verify) -> Report:
    """Whether an output is as the executor left it, whether it still answers its cell, and who signed it."""
    if block.kind != "output":
        return Report("edited", f"it calls itself {block.kind}, and was written as an output")
    full = digest(block.kind, block.keys, block.body, file_digest)
    for name in files(block.body):
        held = file_digest(name)
        if held is None:
            return Report("edited", f"_out/{name} is missing")
        if not held.startswith(name.split(".")[0]):
            return Report("edited", f"_out/{name} is not the file it was")
    if block.keys.get("sha") != full[:SHOWN] or block.closing.keys() - {"chain", "sig"}:
        return Report("edited", "its text or its markers are not what was written")
    chain, signature = block.closing.get("chain", ""), block.closing.get("sig", "")
    if chain and not chain.startswith(block.of):
        return Report("edited", "its two markers name different code")
    signer = verify(chain, full, signature) if signature else None
    if signature and signer is None:
        return Report("edited", "its signature does not hold")
    if cell is None:
        return Report("edited", "it stands under no cell")
    fresh = cell.runs and cell.chain.startswith(chain or block.of)
    return Report("intact" if fresh else "stale", "" if fresh else "the code has changed since", signer or "")


def report_all(entry: Entry, file_digest: FileDigest, verify: Verify) -> list[tuple[Cell | None, Envelope, Report]]:
    """Every output of an entry, examined; with the cell it stands under."""
    cells = {block.span.start: slot.cell for slot in entry.slots for block in slot.blocks}
    found = ((cells.get(block.span.start), block) for block in entry.envelopes if _vouches(block))
    return [(cell, block, _examined(entry, cell, block, file_digest, verify)) for cell, block in found]


def _examined(entry: Entry, cell: Cell | None, block: Envelope, file_digest: FileDigest, verify: Verify) -> Report:
    report = examine(block, cell, file_digest, verify)
    if report.state != "edited" and any(map(_odd_end.search, entry.rows[block.span.start : block.span.stop])):
        return Report("edited", "a line of it ends in white space that nozzle does not write")
    return report


def _vouches(block: Envelope) -> bool:
    """Whether it is an output: all but the bare marker of a running cell, which says nothing."""
    if block.kind == "output" and block.status == "running" and not block.body:
        return False
    return block.kind == "output" or "sha" in block.keys or "sig" in block.closing
