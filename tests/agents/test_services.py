"""Tools of cells: files inside, searches by the host."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from nozzle.agents.services import service
from nozzle.runner import Call
from tests.conftest import Workshop
from tests.words.conftest import cell


def shown(workshop: Workshop, source: str) -> str:
    path = workshop.write(cell(source))
    workshop.run(path)
    return path.read_text()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("write('a/b.txt', 'one two')\nedit('a/b.txt', 'two', '2')\nprint(read('a/b.txt'))", "one 2"),
        ("print(sh('echo hi; exit 3'))", "[ended with status 3]"),
        ("write('a.txt', 'x x')\nedit('a.txt', 'x', 'y')", "the old text stands there 2 times"),
        ("read('../../etc/passwd')", "is not a file of this journal"),
        ("read('../.git/config')", "is not a file of this journal"),
        ("read = 3\nprint(read)", "3"),
    ],
)
def test_files_inside_can_be_read_and_written_and_no_others(workshop: Workshop, source: str, words: str) -> None:
    assert words in shown(workshop, source)


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        (b"a\r\nb\r\nc", "b", "B", b"a\r\nB\r\nc"),
        (b"a\r\nb\r\nc", "a\nb", "x\ny", b"x\r\ny\r\nc"),
        (b"a\rb\rc", "b\n", "B\nB\n", b"a\rB\rB\rc"),
        (b"a\nb\r\nc\n", "a", "A", b"A\nb\r\nc\n"),
        (b"a\nb\n", "b\n", "c\r\n", b"a\nc\r\n"),
    ],
)
def test_an_edit_leaves_the_ends_of_lines_as_they_are(
    workshop: Workshop, before: bytes, old: str, new: str, after: bytes
) -> None:
    (workshop.root / "journal").mkdir(exist_ok=True)
    file = workshop.root / "journal/made.txt"
    file.write_bytes(before)
    shown(workshop, f"edit('made.txt', {old!r}, {new!r})")
    assert file.read_bytes() == after


def test_what_is_no_text_is_refused_while_the_file_holds_what_it_held(workshop: Workshop) -> None:
    (workshop.root / "journal").mkdir(exist_ok=True)
    file = workshop.root / "journal/made.txt"
    file.write_text("kept")
    for call in ("write('made.txt', '\\ud83d')", "edit('made.txt', 'kept', '\\ud83d')"):
        assert "UnicodeEncodeError" in shown(workshop, call)
        assert file.read_text() == "kept"


def test_a_cell_recalls_what_the_journal_says(workshop: Workshop) -> None:
    workshop.write("# Notes\n\nThe scan is exclusive.\n", "journal/notes.md")
    assert "journal/notes.md#L3" in shown(workshop, "print([each['url'] for each in recall('exclusive scan')])")


def test_a_search_without_an_engine_is_a_search_of_the_journal(workshop: Workshop) -> None:
    workshop.write("# Notes\n\nThe scan is exclusive.\n", "journal/notes.md")
    assert "journal\n```" in shown(workshop, "print(search('exclusive')[0]['engine'])")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], list[str]]]:
    """A SearXNG server that gives this reply; what it is asked for."""
    servers = []

    def engine(reply: bytes) -> list[str]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *words: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("NOZZLE_SEARCH_URL", f"http://127.0.0.1:{server.server_port}")
        return asked

    yield engine
    for server in servers:
        server.server_close()


def test_a_search_engine_is_asked_where_there_is_one(engine: Callable[[bytes], list[str]]) -> None:
    engine(json.dumps({"results": [{"title": "T", "url": "http://x", "content": "C", "extra": 1}]}).encode())
    found = json.loads(service(lambda query: [])(Call("search", {"query": "q"})) or "")
    assert found == [{"title": "T", "url": "http://x", "content": "C", "engine": None, "score": None}]


def test_no_secret_is_asked_of_a_search_engine(engine: Callable[[bytes], list[str]]) -> None:
    asked = engine(b'{"results": []}')
    service(lambda query: [], lambda text: text.replace("hunter2", "[redacted]"))(
        Call("search", {"query": "is hunter2"})
    )
    assert asked == ["/search?q=is+%5Bredacted%5D&format=json"]


@pytest.mark.parametrize("said", [b'{"results": null}', b"[]", b"{}"])
def test_an_engine_without_results_is_named(engine: Callable[[bytes], list[str]], said: bytes) -> None:
    engine(said)
    assert "gave no results" in json.loads(service(lambda query: [])(Call("search", {"query": "x"})) or "")["error"]


def test_an_engine_that_speaks_no_json_is_named(engine: Callable[[bytes], list[str]]) -> None:
    engine(b"<html>")
    assert (
        "no answer that can be read"
        in json.loads(service(lambda query: [])(Call("search", {"query": "q"})) or "")["error"]
    )
