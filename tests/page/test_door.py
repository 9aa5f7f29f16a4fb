"""Who is let in, and what is never given out."""

import hmac
import os
import socket
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from nozzle.errors import Unwritable
from nozzle.page import Live, Page
from nozzle.page.server import CONNECTIONS
from tests.page.browser import Browser
from tests.page.conftest import ENTRY


def test_it_listens_on_the_loopback_only(browser: Browser) -> None:
    others = {row[4][0] for row in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with pytest.raises(OSError, match=r"refused|unreachable"):
            socket.create_connection((address, browser.port), timeout=2).close()


def test_the_link_lets_a_browser_in_and_the_token_leaves_the_address(browser: Browser) -> None:
    answer = browser.ask(f"/journal/x.html?token={browser.token}", cookie=None)
    assert (answer.status, answer.headers["Location"]) == (303, "/journal/x.html")
    assert answer.headers["Set-Cookie"].split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Strict"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "My journal" in browser.ask("/").text


def test_the_token_has_128_random_bits(site: Path) -> None:
    with Page(site, lambda page: None) as one, Page(site, lambda page: None) as other:
        assert Browser(one).token != Browser(other).token
        assert len(Browser(one).token) >= 22


def test_a_link_sends_nobody_to_another_host(browser: Browser) -> None:
    assert browser.ask(f"//evil.example/?token={browser.token}", cookie=None).headers["Location"] == "/evil.example/"


@pytest.mark.parametrize(
    "cookie", [None, "nozzle=x", "nozzle-{port}=", "nozzle-{port}=wrong", "x-nozzle-{port}={token}"]
)
@pytest.mark.parametrize(
    "path", ["/", f"/{ENTRY}", "/_live?page=x", "/_live.js", "/journal.css", "/nothing", "/?token=no"]
)
def test_without_the_token_nothing_is_answered(browser: Browser, path: str, cookie: str | None) -> None:
    words = cookie and cookie.format(port=browser.port, token=browser.token)
    answer = browser.ask(path, cookie=words)
    assert answer.status == 403
    assert answer.text == "This page is open to the author only. Open the link that 'nozzle watch' printed.\n"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": "127.0.0.1:{port}.evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_site_gets_nothing(browser: Browser, headers: Mapping[str, str]) -> None:
    sent = {name: value.format(port=browser.port) for name, value in headers.items()}
    for path in ("/", f"/?token={browser.token}"):
        answer = browser.ask(path, headers=sent)
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


def test_our_own_pages_under_both_names_get_answers(browser: Browser) -> None:
    for host in (f"127.0.0.1:{browser.port}", f"localhost:{browser.port}"):
        answer = browser.ask("/", headers={"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
        assert answer.status == 200
        assert f"script-src {host}/_live.js" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"])
def test_nothing_can_be_changed(browser: Browser, method: str) -> None:
    answer = browser.ask("/", method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_refusal_arrives_though_the_request_has_a_body(browser: Browser) -> None:
    connection = HTTPConnection("127.0.0.1", browser.port, timeout=60)
    connection.request("POST", "/", b"x" * 40_000, {"Cookie": browser.cookie})
    assert connection.getresponse().status == 405
    connection.close()


def test_head_says_what_get_would(browser: Browser) -> None:
    for path in ("/", f"/{ENTRY}", "/journal.css", "/_live?page=x"):
        bare = browser.ask(path, "HEAD")
        assert (bare.status, bare.text) == (200, "")
    full = browser.ask("/journal.css")
    assert browser.ask("/journal.css", "HEAD").headers["Content-Length"] == str(len(full.text.encode()))


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/journal/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/journal/%2e%2e/%2e%2e/secret.txt",
        "/%252e%252e/secret.txt",
        "//secret.txt",
        "/%2f%2fetc/passwd",
        "/secret.txt%00.html",
        "/out.txt",
        "/outside/secret.txt",
        "/.nozzle-site.json",
        "/journal",
        "/journal/",
        "/pipe",
        "/" + "x" * 5000,
    ],
)
def test_nothing_outside_the_site_is_given_out(browser: Browser, site: Path, path: str) -> None:
    (site / "out.txt").symlink_to(site.parent / "secret.txt")
    (site / "outside").symlink_to(site.parent)
    os.mkfifo(site / "pipe")
    answer = browser.ask(path)
    assert (answer.status, answer.text) == (404, "There is no such page.\n")


def test_a_page_is_as_strict_as_a_built_one(browser: Browser) -> None:
    base = (Path(__file__).parents[2] / "templates" / "base.html").read_text()
    built = base.partition('Content-Security-Policy" content="')[2].partition('"')[0]
    served = _policy(browser.ask(f"/{ENTRY}").headers["Content-Security-Policy"])
    for name, sources in _policy(built).items():
        own = {f"127.0.0.1:{browser.port}/{one}" for one in ("_live.js", "journal.js", "search.js", "search-index.js")}
        assert served[name] == (own if name == "script-src" else sources)
    added = {"connect-src": {"'self'"}, "frame-ancestors": {"'none'"}}
    assert {name: served[name] for name in served.keys() - _policy(built).keys()} == added


def _policy(words: str) -> dict[str, set[str]]:
    parts = (part.split() for part in words.split(";") if part.strip())
    return {name: set(sources) for name, *sources in parts}


def test_what_a_cell_made_is_kept_in_a_sandbox(browser: Browser, site: Path) -> None:
    answer = browser.ask("/journal/_out/a1.html")
    assert "<b>rich</b>" in answer.text
    assert "_live" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none';")
    (site / "paper.pdf").write_bytes(b"%PDF")
    assert browser.ask("/paper.pdf").headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    (site / "data.bin").write_bytes(b"x")
    assert browser.ask("/data.bin").headers["Content-Disposition"] == "attachment"
    assert browser.ask("/journal/p.svg").headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")


@pytest.mark.parametrize("path", ["/", f"/{ENTRY}", "/journal/_out/a1.html", "/journal.css", "/nothing", "/_live.js"])
def test_every_answer_keeps_to_itself(browser: Browser, path: str) -> None:
    headers = browser.ask(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert browser.token not in str(headers)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n more\r\n\r\n", 400),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"GET /" + b"x" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n\r\n", 403),
    ],
)
def test_what_is_no_request_is_refused(browser: Browser, sent: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", browser.port), timeout=10) as client:
        client.sendall(sent)
        assert client.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


def test_who_says_nothing_is_not_waited_for(page: Page, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.page.request.PATIENCE", 0.1)
    with socket.create_connection(("127.0.0.1", browser.port), timeout=10) as client:
        client.sendall(b"GET / HT")
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_more_browsers_than_there_is_room_for_are_told_so(page: Page, browser: Browser) -> None:
    idle = [socket.create_connection(("127.0.0.1", browser.port)) for _ in range(CONNECTIONS)]
    with socket.create_connection(("127.0.0.1", browser.port), timeout=10) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 503 ")
    for one in idle:
        one.close()


def test_browsers_that_have_gone_make_room(browser: Browser) -> None:
    for _ in range(CONNECTIONS + 10):
        with browser.look(ENTRY) as events:
            assert events.next()[0] == "patch"
    assert browser.ask("/").status == 200


def test_a_port_that_is_taken_is_named(site: Path, browser: Browser) -> None:
    with pytest.raises(Unwritable, match=rf"127.0.0.1:{browser.port}: address already in use.*Choose another port"):
        Page(site, lambda page: None, port=browser.port)


def test_a_port_can_be_given(site: Path, shown: dict[str, Live]) -> None:
    with Page(site, shown.get) as page:
        port = Browser(page).port
    with Page(site, shown.get, port=port) as page:
        assert Browser(page).port == port


def test_another_site_is_served_under_its_path_for_the_same_people(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "journal").mkdir(parents=True)
    (other / "journal" / "p.txt").write_text("of the thread")
    with Page(site, {f"a b/side/{ENTRY}": Live("There", [("k", "<p>there</p>")], "side", f"/{ENTRY}")}.get) as page:
        browser = Browser(page)
        assert browser.ask("/a%20b/side/journal/p.txt").status == 404
        page.mount("a b/side/", other)
        assert browser.ask("/a%20b/side/journal/p.txt").text == "of the thread"
        assert browser.ask("/a%20b/side/journal/p.txt", cookie=None).status == 403
        assert browser.ask("/a%20b/side/journal/p.svg").status == 404
        shown = browser.ask(f"/a%20b/side/{ENTRY}")
        assert "<p>there</p>" in shown.text
        assert f"127.0.0.1:{browser.port}/a%20b/side/journal.js " in shown.headers["Content-Security-Policy"]
        assert browser.ask("/journal/p.svg").status == 200
        page.unmount("a b/side/")
        assert browser.ask("/a%20b/side/journal/p.txt").status == 404


KEY = "k" * 43


def _proof(who: str, port: int, what: str) -> str:
    return hmac.new(KEY.encode(), f"{who} {port} {what}".encode(), "sha256").hexdigest()


def test_a_page_of_an_earlier_watch_is_let_in_by_what_it_knows_and_does_not_send(site: Path) -> None:
    with Page(site, lambda page: None, key=KEY) as page:
        browser = Browser(page)
        own = {"Origin": f"http://127.0.0.1:{browser.port}"}
        salt, shown = browser.ask("/_again?asked=now", cookie=None).text.split(" ")
        assert shown == _proof("watch", browser.port, "now")
        for who, port, what in (("page", browser.port, "x"), ("page", 1, salt), ("watch", browser.port, salt)):
            answer = _sent(browser, _proof(who, port, what), own)
            assert (answer[0], "Set-Cookie" in answer[1]) == (403, False)
        assert _sent(browser, _proof("page", browser.port, salt), {})[0] == 403
        assert _sent(browser, _proof("page", browser.port, salt), {"Origin": "http://evil.example"})[0] == 403
        status, headers = _sent(browser, _proof("page", browser.port, salt), own)
        assert (status, browser.token in headers["Set-Cookie"]) == (200, True)
        with Page(site, lambda page: None, key=KEY) as later:
            assert Browser(later).ask("/_again?asked=now", cookie=None).text.split(" ")[0] != salt


def _sent(browser: Browser, proof: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    line = HTTPConnection("127.0.0.1", browser.port, timeout=10)
    line.request("POST", "/_again", proof, dict(headers))
    answer = line.getresponse()
    found = answer.status, dict(answer.getheaders())
    line.close()
    return found


def test_without_a_key_no_earlier_page_is_let_in(browser: Browser) -> None:
    assert browser.ask("/_again?asked=now", cookie=None).status == 403
    assert "data-key" not in browser.ask("/").text
