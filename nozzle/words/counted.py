"""How many of what, as a person says it."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number and its noun.

    >>> counted(1, "cell"), counted(2, "cell"), counted(0, "entry", "entries")
    ('1 cell', '2 cells', '0 entries')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
