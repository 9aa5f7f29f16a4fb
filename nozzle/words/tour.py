"""nozzle tour: all of it on a small journal, typed as a person would."""

from __future__ import annotations

import sys
from pathlib import Path

import click

FIRST = """\
How long does a sum of squares take, in a loop and without one?

```{code-cell} python
#| label: data
import random

random.seed(0)
numbers = [random.random() for _ in range(20_000)]
len(numbers)
```

```{code-cell} python
#| label: loop
#| verify: rtol=1e-9
total = 0.0
for x in numbers:
    total += x * x
print(f"{total:.6f}")
```

The shell counts too, in the same order from top to bottom:

```{code-cell} bash
printf 'cells: %s\\n' "$(grep -c code-cell *.md)"
```
"""
BROKEN = ("total += x * x", "total += x * y")


@click.command(name="tour")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def command(folder: Path | None) -> int:
    """Make a small journal in FOLDER (a scratch folder by default), run it, break it, rewind it, build its site.

    FOLDER has to be new or empty. Nothing is fetched; it takes a few seconds. What is typed is shown, so that you can
    go on by hand.
    """
    import json
    import tempfile

    from nozzle.errors import Refused
    from nozzle.steps import Steps

    root = (folder or Path(tempfile.mkdtemp(prefix="nozzle-tour-"))).absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refused(f"{root} is not empty: name a new folder, or none for a scratch folder")
    root.mkdir(parents=True, exist_ok=True)
    with Steps.open(root, own=True):
        click.echo(f"A journal in {root}\n")

    path = root / _nozzle(root, "new", "Sums of squares").strip()
    _tell("You write prose and cells, in any editor:")
    with path.open("a") as entry:
        entry.write(FIRST)
    _tell("…and what is due runs. (Leave 'nozzle watch' running, and it does so whenever you save.)")
    _nozzle(root, "run")
    _tell("What happened stands under the cells now:")
    click.echo(_excerpt(path, "label: loop"))
    good = json.loads(_nozzle(root, "log", "-n", "1", "--json", shown=False))["sha"][:8]

    _tell(f"Now a mistake, on purpose: {BROKEN[1]}")
    path.write_text(path.read_text().replace(*BROKEN))
    _nozzle(root, "run", fails=True)
    _tell("Every step is a commit:")
    _nozzle(root, "log", "-n", "6")
    _tell("Back to when it worked: text, outputs and files. Nothing is lost, the failure stays on its thread.")
    _nozzle(root, "rewind", good)
    _nozzle(root, "due")
    _tell("Every output is signed; change one by hand and this would name it:")
    _nozzle(root, "verify", "--attest")
    _tell("And the journal is a site:")
    _nozzle(root, "build")
    click.echo(f"\nLook at  {path}\n     at  {root / 'site' / 'index.html'}\ngo on:   cd {root} && nozzle watch")
    return 0


def _nozzle(root: Path, *words: str, fails: bool = False, shown: bool = True) -> str:
    """Say a word as a person would; what it prints."""
    import subprocess

    done = subprocess.run([sys.executable, "-m", "nozzle", *words], cwd=root, capture_output=True, text=True)
    if shown:
        typed = " ".join(f'"{word}"' if " " in word else word for word in words)
        click.echo(click.style(f"$ nozzle {typed}", bold=True))
        click.echo(done.stdout + done.stderr, nl=False)
    if (done.returncode != 0) != fails:
        raise click.ClickException(f"'nozzle {' '.join(words)}' ended with {done.returncode}")
    return done.stdout


def _tell(text: str) -> None:
    click.echo("\n" + click.style(text, fg="cyan"))


def _excerpt(path: Path, label: str) -> str:
    """The cell with this label and what stands under it."""
    rows = path.read_text().split("\n")
    start = next(line for line, row in enumerate(rows) if label in row) - 1
    stop = next(line for line in range(start, len(rows)) if rows[line].startswith("<!-- /nozzle"))
    return "\n".join("    " + row[:100] for row in rows[start : stop + 1])
