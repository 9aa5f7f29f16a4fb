"""Words as an anchor: one rule for pages, links and the notes that point at them."""

import re
import unicodedata

_NOT_SLUG = re.compile(r"[^\w]+")


def slug(words: str) -> str:
    """Return words as an anchor that needs no escaping in a link.

    >>> slug("Why a*b + c makes a temporary?")
    'why-a-b-c-makes-a-temporary'
    """
    return _NOT_SLUG.sub("-", unicodedata.normalize("NFKC", words).lower()).strip("-")
