"""How long after a save the changed block is with a browser that looks at the page.

    python bench/page.py [--saves N] [--lines N]

A real watch over a journal with one entry of N paragraphs; a plain client holds the page's stream of events, as a
browser does. A save here is a whole new file moved over the old one; the clock stops when the patch that holds the new
words has arrived. No cell runs, so no cell's time is in it. The goal is 150 ms for the median.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nozzle.loop import Quit
from nozzle.words.hush import Hush
from nozzle.words.journal import journal
from nozzle.words.run import looping
from nozzle.words.voice import Ears, Voice
from nozzle.words.watch import _page, begin, watching

GOAL = 0.150


def measured(link: str, path: Path, text: str, saves: int) -> list[float]:
    """Seconds from each save to its patch."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    parts = urlsplit(link)
    asked = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    asked.request("GET", f"/?{parts.query}")
    cookie = (asked.getresponse().getheader("Set-Cookie") or "").partition(";")[0]
    stream = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    stream.request("GET", "/_live?page=journal/entry.html&has=", headers={"Cookie": cookie})
    lines = stream.getresponse()
    found = []
    for number in range(saves + 1):
        words = f"These are the words of save {number}."
        fresh = path.with_name("new")
        fresh.write_text(f"{text}\n{words}\n")
        started = time.perf_counter()
        os.replace(fresh, path)
        while words not in (line := lines.readline().decode()):
            assert line, "the page hung up"
        assert json.loads(line.removeprefix("data: "))["stamp"]
        found.append(time.perf_counter() - started)
        time.sleep(0.4)
    return found[1:]  # the first draws the whole page


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--saves", type=int, default=20)
    asked.add_argument("--lines", type=int, default=300, help="paragraphs of the entry")
    said = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="nozzle-bench-"))
    os.environ["NOZZLE_HOME"] = str(folder / "home")
    path = folder / "work" / "journal" / "entry.md"
    path.parent.mkdir(parents=True)
    text = "\n\n".join(f"Paragraph {n} of a journal that grows as one thinks aloud in it." for n in range(said.lines))
    path.write_text(text)
    os.chdir(folder / "work")
    told: list[str] = []
    took: list[float] = []
    with journal(folder / "work", make=True) as here:
        voice = Voice(out=lambda text, *_: told.append(text))
        ears = Ears(Hush(here.redact), voice)
        with looping(here, ears) as loop:

            def drive() -> None:
                try:
                    link = next(line for line in told if "token=" in line).split()[-1]
                    took.extend(measured(link, path, text, said.saves))
                finally:
                    loop.messages.put(Quit())

            begin(loop, here, voice)
            with _page(loop, here, voice, ears, (True, "", 0)) as shown, watching(loop, here, shown.first.seen):
                thread = threading.Thread(target=drive)
                thread.start()
                loop.run()
            thread.join()
    median, most = statistics.median(took), max(took)
    print(f"save to the changed block, {said.lines} paragraphs, {len(took)} saves: ", end="")
    print(f"median {median * 1000:.0f} ms, most {most * 1000:.0f} ms")
    print(f"goal {GOAL * 1000:.0f} ms: {'met' if median <= GOAL else 'MISSED'}")
    sys.exit(median > GOAL)


if __name__ == "__main__":
    main()
