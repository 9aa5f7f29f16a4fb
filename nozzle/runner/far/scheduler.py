"""Whether a Dask scheduler is there, asked before anything runs."""

import subprocess

from nozzle.errors import Missing, WrongCommand
from nozzle.runner.far.address import Address

LONGEST = 60.0
"""Seconds that asking may take; starting Python with Dask is most of it."""


def reached(text: str) -> str:
    """The address itself; WrongCommand when it is none, Missing in one line when nobody is there to run cells."""
    if not text.startswith("dask://"):
        raise WrongCommand(f"cells can be sent to dask://scheduler:port, not to {text}")
    address = Address.of(text)
    if lacks := address.lacks():
        raise Missing(lacks)
    command = address.command()[:-1]
    try:
        asked = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise Missing(f"{address.name} said nothing for {LONGEST:.0f} s") from None
    if asked.returncode:
        raise Missing((asked.stderr.strip().splitlines() or [f"{address.name} cannot be asked"])[-1])
    return text
