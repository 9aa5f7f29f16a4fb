"""Kill nozzle 500 times, each at a random moment, start it again: what was lost or doubled? `python bench/kill.py`."""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.loop.test_kill import rounds


def main(moments: int = 500) -> int:
    with tempfile.TemporaryDirectory(prefix="nozzle-kill-") as folder:
        os.environ["NOZZLE_HOME"] = str(Path(folder) / "home")
        began = time.monotonic()
        found = rounds(Path(folder), moments)
    moments = -(-moments // 10) * 10
    print(*found, f"{moments} kills, {len(found)} faults, {time.monotonic() - began:.0f} s", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
