"""Run the jobs of a JSON list (of sources) in a fresh session; print how long it took and what each printed."""

import hashlib
import json
import sys
import time
from pathlib import Path

from nozzle.document.events import Stream
from nozzle.runner import Job, Session, find_interpreter


def main() -> None:
    sources = json.loads(Path(sys.argv[1]).read_text())
    start, jobs, printed, chain = time.perf_counter(), [], [], ""
    session = Session(Path.cwd(), find_interpreter(Path.cwd()), root=Path.cwd())
    for source in sources:
        chain = hashlib.sha256(f"{chain} {source}".encode()).hexdigest()
        jobs.append(Job(chain, source))
        printed.append("".join(event.text for event in session.run(jobs) if isinstance(event, Stream)).strip())
    session.close()
    print(json.dumps({"seconds": time.perf_counter() - start, "printed": printed}))


main()
