"""What goes over: the few files of nozzle that a worker and its keeper need, and nothing else of this machine."""

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = (
    "errors.py", "document/readings.py", "document/secrets.py",
    *(f"runner/{name}.py" for name in (
        "bash", "confine", "environment", "interpreter", "job", "keeper", "kernel", "kernelspec", "outputs", "process",
        "watchdog", "far/address", "far/relay", "far/wire",
    )),
)  # fmt: skip
SECOND = """
import os, sys, tempfile, zipfile
from pathlib import Path

def told(why):
    sys.stderr.write(why + chr(10))
    sys.exit(3)

if not sys.platform.startswith("linux"):
    told(f"runs {sys.platform}, and a kernel there needs Linux")
if sys.version_info < (3, 11):
    told(f"has Python {sys.version.split()[0]} as python3, and 3.11 or newer is needed there")
base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nozzle" / "far"
try:
    base.mkdir(parents=True, exist_ok=True)
    beside = tempfile.mkdtemp(dir=base)
except OSError:
    base = Path(tempfile.mkdtemp())
    beside = tempfile.mkdtemp(dir=base)
archive = os.path.join(beside, "sent.zip")
with open(archive, "wb") as file:
    left = SIZE
    while left:
        part = os.read(0, min(left, 65536))
        if not part:
            sys.exit(1)
        file.write(part)
        left -= len(part)
place = base / "DIGEST"
if not place.is_dir():
    zipfile.ZipFile(archive).extractall(os.path.join(beside, "it"))
    try:
        os.rename(os.path.join(beside, "it"), place)
    except OSError:
        if not place.is_dir():
            raise
import shutil
shutil.rmtree(beside)
sys.path.insert(0, str(place))
from nozzle.runner.far.relay import main
main()
"""


@cache
def sent() -> bytes:
    """The first line that a far Python reads and does, and the files behind it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in ("", "document/", "runner/", "runner/far/"):
            archive.writestr(zipfile.ZipInfo(f"nozzle/{package}__init__.py"), "")  # with no date: the same at any time
        for path in [ROOT / name for name in FILES] + sorted((ROOT / "runner" / "worker").glob("*.py")):
            name = zipfile.ZipInfo(f"nozzle/{path.relative_to(ROOT).as_posix()}")
            archive.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED)
    data = packed.getvalue()
    second = SECOND.replace("SIZE", str(len(data))).replace("DIGEST", hashlib.sha256(data).hexdigest()[:16])
    return f"exec({second!r})\n".encode() + data
