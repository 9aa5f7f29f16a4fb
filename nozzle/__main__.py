"""`python -m nozzle` is `nozzle`; a word that has nothing to do is answered before the command line is opened.

Whatever a word cannot say or write ends here, in one line and an exit status.
"""

import errno
import os
import sys
from collections.abc import Sequence

from nozzle import rest

UNHEARD = 141
"""The status of a word whose listener went away before its end: a shell's, of a program that SIGPIPE ended."""
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
"""What a disk says that takes nothing; what was there is still there."""


def main() -> None:
    """Say a word."""
    try:
        status = _said(sys.argv[1:])
        _flush()
    except OSError as error:
        status = _unsaid(error)
    sys.exit(status)


def _said(words: Sequence[str]) -> int:
    said = rest.answer(words)
    if said is None:
        from nozzle import cli

        return cli.main()
    if said:
        print(said)
    return 0


def _flush() -> None:
    if sys.stdout is not None:  # closed before we came
        sys.stdout.flush()


def _unsaid(error: OSError) -> int:
    """The status of a word that could not say, or not write, what it had to; why, unless nobody listens."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nor shall Python try once more to say it, as it ends
    if isinstance(error, BrokenPipeError):
        return UNHEARD
    if error.errno not in UNWRITTEN:
        raise error
    from nozzle.cli import fail
    from nozzle.disk import plain
    from nozzle.errors import Unwritable

    return fail(f"{error.filename or 'what this says or keeps cannot be written'}: {plain(error)}", Unwritable.status)


if __name__ == "__main__":
    main()
