"""`python -m nozzle` is `nozzle`; a word that has nothing to do is answered before the command line is opened."""

import sys

from nozzle import rest


def main() -> None:
    """Say a word."""
    said = rest.answer(sys.argv[1:])
    if said is None:
        from nozzle import cli

        cli.main()
    elif said:
        sys.stdout.write(said + "\n")


if __name__ == "__main__":
    main()
