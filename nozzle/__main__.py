"""`python -m nozzle` is `nozzle`."""

from nozzle.cli import main

main()
