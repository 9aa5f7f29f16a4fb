"""Everything nozzle raises on purpose, one kind per thing the author can do about it:

* NozzleError           shown as one line: what happened, where, what to do
  - WrongCommand        the words of the command were wrong                      exit status 2
  - Missing             something nozzle needs is not on this machine            exit status 3
  - Unreadable          a file is no text, no entry, or cannot be read           exit status 2
  - Unwritable          a file or folder cannot be written; nothing was lost     exit status 3
  - Elsewhere           another watch or run already looks after this journal    exit status 2
  - Refused             nozzle will not do this, and says how it could be done   exit status 1
"""


class NozzleError(Exception):
    """An error the author can act on."""

    status = 1


class WrongCommand(NozzleError):
    """The words of the command were wrong."""

    status = 2


class Missing(NozzleError):
    """Something nozzle needs is not on this machine."""

    status = 3


class Unreadable(NozzleError):
    """A file is no text, no entry, or cannot be read."""

    status = 2


class Unwritable(NozzleError):
    """A file or folder cannot be written; what was there is still there."""

    status = 3


class Elsewhere(NozzleError):
    """Another watch or run already looks after this journal."""

    status = 2


class Refused(NozzleError):
    """Nozzle will not do this, and says how it could be done."""
