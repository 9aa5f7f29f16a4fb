"""What may be done on the page, by whom, and how a phone gets in."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from nozzle.errors import Unwritable
from nozzle.page import Deed, Done, Page
from nozzle.page import server as serving
from nozzle.page.pairing import TRIES, Pairing
from nozzle.page.request import LARGEST_BODY
from tests.page.browser import Browser
from tests.page.conftest import ENTRY


@pytest.fixture
def done() -> list[Deed]:
    """What was done."""
    return []


@pytest.fixture
def acting(site: Path, shown: dict[str, Any], done: list[Deed]) -> Iterator[Browser]:
    def act(deed: Deed) -> Done:
        done.append(deed)
        return Done("as you say", ok=deed.word != "no", data={"n": 1})

    with Page(site, shown.get, act=act) as page:
        yield Browser(page)


def token(browser: Browser) -> str:
    return browser.ask(f"/{ENTRY}").text.partition('data-deed="')[2].partition('"')[0]


def post(browser: Browser, body: bytes, path: str = "/_do", **headers: str) -> tuple[int, str]:
    own = {"Cookie": browser.cookie, "Origin": f"http://127.0.0.1:{browser.port}", "X-Nozzle": token(browser)}
    sent = {name: value for name, value in {**own, **headers}.items() if value}
    connection = HTTPConnection("127.0.0.1", browser.port, timeout=60)
    connection.request("POST", path, body, sent)
    answer = connection.getresponse()
    told = answer.status, answer.read().decode()
    connection.close()
    return told


def test_a_deed_of_our_own_page_is_done_and_answered(acting: Browser, done: list[Deed]) -> None:
    status, text = post(acting, json.dumps({"word": "write", "page": ENTRY, "text": "hé"}).encode())
    assert (status, json.loads(text)) == (200, {"say": "as you say", "ok": True, "n": 1})
    assert done == [Deed("write", ENTRY, {"text": "hé"})]
    assert post(acting, b'{"word": "no"}')[0] == 409


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": ""},
        {"Cookie": "nozzle-1=x"},
        {"Origin": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"X-Nozzle": ""},
        {"X-Nozzle": "wrong"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_nobody_else_can_do_anything(acting: Browser, done: list[Deed], headers: dict[str, str]) -> None:
    assert post(acting, b'{"word": "write"}', **headers)[0] == 403
    assert done == []


def test_the_token_of_the_link_is_not_the_one_that_acts(acting: Browser, done: list[Deed]) -> None:
    assert acting.token != token(acting)
    assert post(acting, b'{"word": "write"}', **{"X-Nozzle": acting.token})[0] == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"word": 1}', b'{"text": "x"}', b"[" * 100_000, b"\xff"])
def test_what_is_no_deed_is_refused(acting: Browser, done: list[Deed], body: bytes) -> None:
    assert post(acting, body)[0] == 400
    assert done == []


def test_a_deed_without_end_is_refused(acting: Browser, done: list[Deed]) -> None:
    assert post(acting, b"x" * (LARGEST_BODY + 1))[0] == 413
    assert post(acting, b"{}", **{"Content-Length": "no"})[0] == 411


def test_other_ways_and_places_change_nothing(acting: Browser, done: list[Deed]) -> None:
    assert post(acting, b'{"word": "write"}', "/")[0] == 405
    assert acting.ask("/_do").status == 404
    assert done == []


def test_a_page_that_only_reads_has_no_token_and_does_nothing(browser: Browser) -> None:
    assert "data-deed" not in browser.ask(f"/{ENTRY}").text
    assert browser.ask("/_do", "POST", headers={"Content-Length": "0"}).status == 405


def test_a_deed_that_is_never_answered_does_not_keep_the_page_from_ending(
    site: Path, shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_GOODBYE", 0.05)
    begun, may = threading.Event(), threading.Event()

    def act(deed: Deed) -> Done:
        begun.set()
        may.wait()
        return Done("late")

    with Page(site, shown.get, act=act) as page:
        browser = Browser(page)
        asking = threading.Thread(target=lambda: post_into_nothing(browser), daemon=True)
        asking.start()
        assert begun.wait(20)
    assert not may.is_set()
    may.set()
    asking.join(20)
    assert not asking.is_alive()


def post_into_nothing(browser: Browser) -> None:
    with suppress(OSError, HTTPException):
        post(browser, b'{"word": "threads"}')


# -- a phone


def test_a_code_is_good_once_and_few_tries_make_another() -> None:
    said: list[str] = []
    pairing = Pairing(said.append)
    code = pairing.code
    assert said == [f"{code[:4]}-{code[4:]}"]
    assert pairing.accept(f" {code[:4].lower()}-{code[4:]} ")
    assert not pairing.accept(code)
    for _ in range(TRIES):
        assert not pairing.accept("")
    assert len(set(said)) == len(said) >= 3


@pytest.fixture
def abroad(site: Path, shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Browser, list[str]]]:
    monkeypatch.setattr(serving, "_SLOW", 0.0)
    codes: list[str] = []
    with Page(
        site, shown.get, act=lambda deed: Done(), host="127.0.0.1", code=lambda where, code: codes.append(code)
    ) as page:
        yield Browser(page), codes


def pair(browser: Browser, code: str, **headers: str) -> tuple[int, str]:
    sent = {"Origin": f"http://127.0.0.1:{browser.port}", "Cookie": "", **headers}
    return post(browser, f"code={code}".encode(), "/_pair", **{"X-Nozzle": "", **sent})


def test_a_device_without_the_link_is_asked_for_the_code(abroad: tuple[Browser, list[str]]) -> None:
    browser, codes = abroad
    assert "Pair this device" in browser.ask("/", cookie=None).text
    assert browser.ask(f"/{ENTRY}", cookie=None).status == 403
    assert browser.ask("/_live?page=x", cookie=None).status == 403
    status, text = pair(browser, "WRONG")
    assert (status, "That was not the code" in text) == (403, True)
    assert pair(browser, codes[-1])[0] == 303
    assert pair(browser, codes[0])[0] == 403


def test_a_code_from_another_site_is_not_looked_at(abroad: tuple[Browser, list[str]]) -> None:
    browser, codes = abroad
    assert pair(browser, codes[-1], Origin="http://evil.example")[0] == 403
    assert pair(browser, codes[-1], Origin="")[0] == 403
    assert len(codes) == 1


def test_a_name_that_leads_here_is_no_address(abroad: tuple[Browser, list[str]]) -> None:
    browser, _ = abroad
    for host in ("evil.example", f"evil.example:{browser.port}", f"192.168.1.7:{browser.port + 1}"):
        assert browser.ask("/", cookie=None, headers={"Host": host}).status == 403
    assert browser.ask("/", cookie=None, headers={"Host": f"192.168.1.7:{browser.port}"}).status == 200


def test_a_browser_elsewhere_gets_no_header_that_it_calls_an_error(abroad: tuple[Browser, list[str]]) -> None:
    browser, _ = abroad
    alone = "Cross-Origin-Opener-Policy"
    there = {"Host": f"192.168.1.7:{browser.port}"}
    assert alone not in browser.ask("/", headers=there).headers
    assert browser.ask("/").headers[alone] == "same-origin"


def test_an_address_that_is_not_here_is_named(site: Path) -> None:
    with pytest.raises(Unwritable, match=r"203\.0\.113\.1:0: .*cannot be served"):
        Page(site, lambda page: None, host="203.0.113.1")
