"""Who may read the page and act on it: whoever has the link, from a page of ours, under a name of this machine.

A loopback port is open to every program of the machine and to every page in the author's browser. So each request
must name this host (a foreign name that resolves here does not help), come from no other site, and bring the token.
What changes something must besides say that it comes from our page, and bring a second token that stands in it.

While no watch runs, anybody may listen where one did, and what its pages show may be shown to him. So a token opens
one watch only; a page goes on with the next by a key that both know and neither sends: each proves it to the other.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass, field

from nozzle.page.request import Request, Unanswerable

_CLOSED = "This page is open to the author only. Open the link that 'nozzle watch' printed."


@dataclass(frozen=True)
class Guard:
    """What opens the page."""

    port: int
    token: str
    abroad: bool = False
    """It listens beyond this machine: whoever names it by an address, and by no name, may knock."""
    key: str = ""
    """What the pages of earlier watches at this address know too; empty: none of them is let in."""
    salt: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    """Of this watch alone, so that no proof serves twice."""

    def check(self, request: Request) -> None:
        """Raise Unanswerable (403) unless the request may be answered."""
        self.check_place(request)
        if not self.knows(request):
            raise Unanswerable(403, _CLOSED)

    def check_place(self, request: Request) -> None:
        """Raise Unanswerable (403) unless it names this host and comes from no other site."""
        host = request.headers.get("host", "").lower()
        if host not in self.hosts and not (self.abroad and self._address(host)):
            raise Unanswerable(403, f"This page is at {self.hosts[0]} only.")
        origin = request.headers.get("origin")
        if (origin is not None and origin != f"http://{host}") or _foreign(request):
            raise Unanswerable(403, "Another site asked for this page: it gets nothing.")

    def check_deed(self, request: Request) -> None:
        """Raise Unanswerable (403) unless something may be changed: a page of ours asks, with its second token."""
        if request.headers.get("origin") is None or not _equal(request.headers.get("x-nozzle", ""), self.deed):
            raise Unanswerable(403, "Only a page of this watch may change anything. Load it again.")

    def knows(self, request: Request) -> bool:
        """Whether it brings the token, in the link or in the cookie."""
        return self.brings_token(request) or self._brings_cookie(request)

    @property
    def deed(self) -> str:
        """What stands in our pages, and in no address and no cookie."""
        return hmac.new(self.token.encode(), b"deed", hashlib.sha256).hexdigest()[:32]

    def proof(self, asked: str) -> str:
        """What shows a page that this is a watch which knows the key, here, and was asked now."""
        return self._proof(f"watch {self.port} {asked}")

    def proven(self, said: str) -> bool:
        """Whether a page has shown that it knows the key, and thinks that this watch is where it is."""
        return bool(self.key) and _equal(said, self._proof(f"page {self.port} {self.salt}"))

    def _proof(self, words: str) -> str:
        return hmac.new(self.key.encode(), words.encode(errors="replace"), hashlib.sha256).hexdigest()

    def _address(self, host: str) -> bool:
        """Whether it is an address and our port: a name could be made to lead here by somebody else."""
        name, _, port = host.rpartition(":")
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return port == str(self.port)

    @property
    def hosts(self) -> tuple[str, str]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """The header that lets a browser in for as long as it is open."""
        return f"{self._name}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def brings_token(self, request: Request) -> bool:
        return _equal(request.query.get("token", ""), self.token)

    def _brings_cookie(self, request: Request) -> bool:
        brought = re.findall(rf"(?:^|;\s*){self._name}=([^;\s]*)", request.headers.get("cookie", ""))
        return any(_equal(one, self.token) for one in brought)

    @property
    def _name(self) -> str:
        return f"nozzle-{self.port}"  # cookies do not know ports: two watches must not sign each other out


def _foreign(request: Request) -> bool:
    """Did a page of another site, or of another port, ask for it? To follow a link from there is the reader's act."""
    site = request.headers.get("sec-fetch-site", "none")
    return site not in ("none", "same-origin") and request.headers.get("sec-fetch-mode") != "navigate"


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
