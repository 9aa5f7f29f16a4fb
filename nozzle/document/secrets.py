"""Keys and passwords in a text: where they stand, and the text without them.

One table of shapes that are a secret by their looks, plus values the caller knows to be secret. It refuses to guess:
no entropy, no words like "password =" in prose, so digests, UUIDs, pictures and code stay as they are. Whole texts only
(the caller joins chunks and strips ANSI first), also where escapes of HTML or Markdown stand in a secret; every pattern
takes time linear in the text, whoever wrote it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nozzle.document.readings import readings


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    line: int
    """Counted from 1."""
    span: tuple[int, int]
    """In characters of the text, half-open."""


@dataclass(frozen=True)
class _Shape:
    kind: str
    needle: str
    """No text without it is searched: most texts hold no needle at all."""
    looks: str
    """Its group 1, if it has one, is the secret; else all of it."""
    real: Callable[[str], bool]
    looks_buried: str = ""
    """As it looks in a file that is no text, where lengths and other values stand at both its ends."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled where a text holds the needle; seldom all of them are."""
        return re.compile(self.looks)

    @cached_property
    def buried(self) -> re.Pattern[str] | None:
        return re.compile(self.looks_buried) if self.looks_buried else None


def _anything(secret: str) -> bool:
    return True


def _has_digit(secret: str) -> bool:
    return any(char.isdigit() for char in secret)


def _mixed(secret: str) -> bool:
    """Digits and both cases: a key in base64, and no hex digest."""
    return _has_digit(secret) and secret.lower() != secret != secret.upper()


def _no_placeholder(password: str) -> bool:
    return not _PLACEHOLDER.fullmatch(password)


_PLACEHOLDER = re.compile(
    r"(?i)\$\w+|\$?\{.*\}|%\(.*|[*.x]+"
    r"|(?:your|my)?[-_]?(?:pass(?:word|wd)?|pwd?|secret|token|key|postgres|guest|changeme|example)"
)

# Not in the middle of a word; after the n of a written "\n" it begins all the same.
_LEFT = r"(?:(?<![A-Za-z0-9])|(?<=\\[abfnrtv]))"
_WORD = r"[A-Za-z0-9_-]"
_END = r"(?![A-Za-z0-9])"
_WORD_END = rf"(?!{_WORD})"
_SHORT = 3
"""Characters: base64 and words have such a beginning by chance, and what follows it."""


def _shape(kind: str, needle: str, pattern: str, real: Callable[[str], bool] = _anything, buried: str = "") -> _Shape:
    return _Shape(kind, needle, pattern, real, buried)


def _token(
    kind: str, needle: str, body: str, real: Callable[[str], bool] = _anything, *, left: str = _LEFT, end: str = ""
) -> _Shape:
    """What begins like little else, so that it needs no boundary to be known; a short beginning needs an end."""
    return _shape(kind, needle, left + body + end, real, body + (_WORD_END if len(needle) <= _SHORT else ""))


# Repeats are possessive, and either end the pattern or run over a class that its own start cannot lie in: linear time.
_SHAPES = (
    *(_token("aws access key id", id_, id_ + r"[A-Z0-9]{16}", end=_END) for id_ in ("AKIA", "ASIA")),
    _shape(
        "aws secret key",
        "ecret",
        r"(?:aws_secret|[Ss]ecret_?[Aa]ccess_?[Kk]ey|aws_?[Ss]ecret_?[Kk]ey)\w{0,20}[\"'\]\s]{0,8}[:=][\"'\s]{0,8}"
        r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        _mixed,
    ),
    *(_token("github token", f"gh{use}_", rf"gh{use}_[A-Za-z0-9]{{36,}}+") for use in "oprsu"),
    _token("github token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}+"),
    *(_token("gitlab token", f"gl{use}-", rf"gl{use}-{_WORD}{{20,}}+") for use in ("pat", "rt", "dt", "ptt")),
    _token("anthropic key", "sk-ant-", rf"sk-ant-{_WORD}{{20,}}+", _has_digit),
    _token("langfuse key", "sk-lf-", r"sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    _token("openrouter key", "sk-or-", r"sk-or-v1-[0-9a-f]{64}"),
    _token("openai key", "sk-", rf"sk-(?:proj|svcacct|admin|None)-{_WORD}{{20,}}+", _has_digit),
    _token("openai key", "sk-", r"sk-[A-Za-z0-9]{20,}+", _has_digit),
    _token("google key", "AIza", rf"AIza{_WORD}{{35}}", end=_WORD_END),
    _token("google token", "ya29.", rf"ya29\.{_WORD}{{30,}}+"),
    _token("google secret", "GOCSPX-", rf"GOCSPX-{_WORD}{{28}}", end=_WORD_END),
    *(_token("slack token", f"xox{use}-", rf"xox{use}-[A-Za-z0-9-]{{10,}}+", _has_digit) for use in "abeoprs"),
    _token("slack token", "xapp-", r"xapp-\d-[A-Za-z0-9-]{20,}+"),
    _shape("slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/(T\w{6,20}/B\w{6,20}/\w{20,40})"),
    _token("stripe key", "k_live_", r"[rs]k_live_[A-Za-z0-9]{16,}+"),
    _token("hugging face token", "hf_", r"hf_[A-Za-z0-9]{34}", end=_END),
    _token("groq key", "gsk_", r"gsk_[A-Za-z0-9]{52}", end=_END),
    _token("pypi token", "pypi-AgE", rf"pypi-AgE{_WORD}{{40,}}+"),
    _token("npm token", "npm_", r"npm_[A-Za-z0-9]{36}", end=_END),
    _token("sendgrid key", "SG.", rf"SG\.{_WORD}{{22}}\.{_WORD}{{43}}", end=_WORD_END),
    _token("telegram token", ":AA", rf"\d{{8,10}}:AA{_WORD}{{33}}", left=rf"(?:{_LEFT}|(?<=bot))", end=_WORD_END),
    _shape("azure key", "AccountKey", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    _shape("azure key", "SharedAccessKey", r"SharedAccessKey=([A-Za-z0-9+/]{43}=)"),
    _shape("azure secret", "Q~", r"[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,34}(?![A-Za-z0-9_.~-])"),
    _shape("azure signature", "sig=", r"[?&;]sig=([A-Za-z0-9%]{43,80}%3[Dd])"),
    _token("age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}", end=r"(?![A-Z0-9])"),
    _shape(
        "json web token",
        "eyJ",
        rf"(?:(?<!{_WORD})|(?<=\\[nrt]))eyJ{_WORD}{{10,}}+\.{_WORD}*+\.{_WORD}{{10,}}+(?:\.{_WORD}++)*+",
        buried=rf"eyJ{_WORD}{{10,400}}+\.{_WORD}*+\.{_WORD}{{10,}}+",  # with no end, its start could lie all along it
    ),
    _token("bearer token", "earer", r"[Bb]earer\s{1,4}([A-Za-z0-9._~+/-]{20,}+=*+)", _has_digit, left=r"\b"),
    _shape(
        "basic credentials",
        "uthorization",
        r"uthorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?[Bb]asic\s{1,4}([A-Za-z0-9+/]{8,}+=*+)",
    ),
    _shape(
        "password",
        "://",
        r"://[^\s/:@?#\"'<>`\[\]]*+:([^\s/@?#\"'<>`\[\]]{3,}+)@(?!sha\d+:)[A-Za-z0-9\[]",
        _no_placeholder,
    ),
)

_PEM = re.compile(r"-----(BEGIN|END) (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}+")
_GAP = r"(?:\s|\\[nr]|[\"'>#+,]){0,16}"
_PEM_LINES = rf"(?:{_GAP}[A-Za-z0-9+/=]{{16,}}+)*+"
_PEM_BELOW = re.compile(rf"(?:{_GAP}(?:Proc-Type|DEK-Info|Version|Comment):[^\r\n]*+)*+{_PEM_LINES}")
_PEM_ABOVE = re.compile(rf"(?:{_GAP}[A-Za-z0-9+/=]{{1,15}}(?![A-Za-z0-9+/=]))?{_PEM_LINES}")
"""Read backwards: the last line of a key may be short."""
_AWS_NEAR = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_WORDS = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
"""Of a file that is no text: a search of all its bytes takes far longer, and no shape has others."""
_CODES = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_LOST = "\N{REPLACEMENT CHARACTER}"
"""Stands for bytes that are no UTF-8."""
_DONE = re.compile(r"\[redacted: [a-z ]{1,40}\]")
_NEWLINE = re.compile(r"\r\n|\n|\r")

_SECRET_WORDS = {"KEY", "KEYS", "PASS", "PAT", "PWD", "PGPASS", "SSHPASS", "SECRETS", "CREDENTIALS", "PASSWORDS"}
"""A word of a name that says so by itself; PWD, when it stands alone, is the folder we are in."""
_SECRET_ENDS = ("APIKEY", "ACCESSKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL")
"""Longer ones, which names are also grown together with: PGPASSWORD."""
_NO_SECRET_NAMES = {"FILE", "PATH", "DIR", "FOLDER", "SOCK", "NAME", "URL", "PUBLIC", "NUM", "COUNT", "TYPE"}
_NO_SECRETS = {"password", "changeme", "postgres", "disabled", "required", "optional", "undefined", "localhost"}
_COUNT = 12
"""Digits: a shorter number is one that any table may hold."""


def redact(text: str, known: Iterable[str] = ()) -> str:
    """The text with each secret replaced by its kind; what was redacted before stays as it is.

    >>> redact("push to https://ada:" + "5ecr3t@example.org with ghp_" + "x1" * 18)
    'push to https://ada:[redacted: password]@example.org with [redacted: github token]'
    """
    parts, at = [], 0
    for kind, start, stop in _found(text, known):
        parts += [text[at:start], f"[redacted: {kind}]"]
        at = stop
    return "".join([*parts, text[at:]]) if parts else text


def find(text: str, known: Iterable[str] = ()) -> list[Hit]:
    """Every secret, in the order of the text; the hits name places and never hold what stands there."""
    found = _found(text, known)
    starts = [0, *(newline.end() for newline in _NEWLINE.finditer(text))] if found else []
    return [Hit(kind, bisect_right(starts, start), (start, stop)) for kind, start, stop in found]


def unfit(path: str, content: bytes, known: Iterable[str] = ()) -> str:
    """Why a file must not become part of a step: its name or its text holds a secret; empty when it may.

    >>> unfit("a.md", b"one\\nghp_" + b"x1" * 18)
    'line 2 looks like a secret (github token)'
    """
    if hits := find(path, known):
        return f"its name looks like a secret ({hits[0].kind})"
    text = content.decode("utf-8", "replace")
    if b"\0" not in content and (hits := find(text, known)):
        return f"line {hits[0].line} looks like a secret ({hits[0].kind})"
    kind = _within(content, known) if b"\0" in content or _LOST in text else ""
    return f"what looks like a secret ({kind}) is in it" if kind else ""


def _within(content: bytes, known: Iterable[str]) -> str:
    """The kind of a secret in a file that is no text, in UTF-8, UTF-16 or UTF-32; empty when none is seen."""
    known = {value for value in known if len(value) >= 8}
    for value in known:
        if any(value.encode(code, "surrogatepass") in content for code in _CODES):
            return "known secret"
    for each in (content, content.replace(b"\0", b"")):  # the second: of the wider ones, what is ASCII
        text = b"\0".join(_WORDS.findall(each)).decode()
        if kind := next((hit.kind for hit in find(text)), "") or next(_buried(text), ""):
            return kind
    return ""


def _buried(text: str) -> Iterator[str]:
    """The kinds of what is a secret although it begins or ends in the middle of a word.

    A program that keeps values writes them one after the other, or the length of each before it: both are letters.
    """
    for shape in _SHAPES:
        if shape.needle in text and shape.buried:
            for match in shape.buried.finditer(text):
                secret = match[shape.buried.groups]
                if shape.real(secret) and _surely(secret, len(shape.needle) <= _SHORT):
                    yield shape.kind


def _surely(secret: str, short: bool) -> bool:
    """Whether it looks like a key with no boundary: "task-20-words" does not, nor do amino acids (AKIA...)."""
    both = secret.lower() != secret != secret.upper()
    return both and len(secret) >= 32 if short else both or _has_digit(secret)


def known_values(environ: Mapping[str, str]) -> frozenset[str]:
    """The values of an environment that its names call secret and that can be told from ordinary words.

    >>> sorted(known_values({"HF_TOKEN": "abcd1234", "TOKEN_FILE": "/etc/token", "PWD": "/home/ada", "KEY": "short"}))
    ['abcd1234']
    """
    return frozenset(environ[name].strip() for name in secret_names(environ) if telling(environ[name]))


def secret_names(names: Iterable[str]) -> frozenset[str]:
    """Those of an environment's names that say a secret stands there: no cell gets them.

    >>> sorted(secret_names(["GH_PAT", "PGPASSWORD", "MYSQL_PWD", "PWD", "NUM_KEYS", "KEYBOARD_LAYOUT"]))
    ['GH_PAT', 'MYSQL_PWD', 'PGPASSWORD']
    """
    return frozenset(filter(_called_secret, names))


def _called_secret(name: str) -> bool:
    words = set(re.split(r"[^A-Z0-9]+", name.upper())) - {""}
    if words & _NO_SECRET_NAMES or words == {"PWD"} or ("ID" in words and "SECRET" not in words):
        return False  # the id of a key is none, but Vault's SECRET_ID is
    return any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDS) for word in words)


def telling(value: str) -> bool:
    """Whether a secret's value can be told from ordinary words.

    >>> telling("abcd1234"), telling("short"), telling("10000000"), telling("localhost")
    (True, False, False, False)
    """
    value = value.strip()
    counts = value.isdigit() and len(value) < _COUNT
    return len(value) >= 8 and value.lower() not in _NO_SECRETS and not counts


_Found = tuple[str, int, int]


def _found(text: str, known: Iterable[str]) -> list[_Found]:
    """Kind, start and stop, in order, those that overlap as one, and none inside what was redacted before.

    In every reading of the text: an escape in the middle of a secret hides it from nobody.
    """
    known = {value for value in known if len(value) >= 8}
    everything, done = list[_Found](), set[int]()
    for reading in readings(text):
        here = [*_shaped(reading.text), *_pem(reading.text), *_known(reading.text, known)]
        everything += [(kind, *reading.span(start, stop)) for kind, start, stop in here]
        marks = _DONE.finditer(reading.text) if here else ()
        done |= {at for mark in marks for at in range(*reading.span(*mark.span()))}
    merged: list[_Found] = []
    for kind, start, stop in sorted(everything, key=lambda found: (found[1], -found[2])):
        if merged and start < merged[-1][2]:
            merged[-1] = (merged[-1][0], merged[-1][1], max(stop, merged[-1][2]))
        elif start not in done:
            merged.append((kind, start, stop))
    return merged


def _known(text: str, known: Iterable[str]) -> Iterator[_Found]:
    for value in known:
        at = text.find(value)
        while at >= 0:
            yield "known secret", at, at + len(value)
            at = text.find(value, at + len(value))


def _shaped(text: str) -> Iterator[_Found]:
    for shape in _SHAPES:
        if shape.needle in text:
            for match in shape.pattern.finditer(text):
                start, stop = match.span(shape.pattern.groups)
                if shape.real(text[start:stop]):
                    yield shape.kind, start, stop
                    if shape.kind == "aws access key id":
                        yield from _aws_secret_after(text, stop)


def _aws_secret_after(text: str, stop: int) -> Iterator[_Found]:
    """A secret has no shape of its own: what looks like one within 200 characters after an access key id."""
    for match in _AWS_NEAR.finditer(text, stop, stop + 200):
        if _mixed(match[0]):
            yield "aws secret key", *match.span()


def _pem(text: str) -> Iterator[_Found]:
    """Private keys from BEGIN to END; where one of the two was cut off, as far as lines of base64 go."""
    marks = list(_PEM.finditer(text)) if "PRIVATE KEY" in text else []
    for before, mark, after in zip([None, *marks], marks, [*marks[1:], None], strict=False):
        if mark[1] == "BEGIN":
            closed = [after.end()] if after and after[1] == "END" else []
            spans = [(mark.start(), stop) for stop in (*closed, _below(text, mark.end()))]
        else:
            spans = [(_above(text, before.end() if before else 0, mark.start()), mark.end())]
        yield from (("private key", *span) for span in spans if _is_base64(_PEM.sub("", text[slice(*span)])))


def _below(text: str, start: int) -> int:
    lines = _PEM_BELOW.match(text, start)
    return lines.end() if lines else start


def _above(text: str, start: int, stop: int) -> int:
    lines = _PEM_ABOVE.match(text[max(start, stop - 20_000) : stop][::-1])
    return stop - lines.end() if lines else stop


def _is_base64(body: str) -> bool:
    """Whether a key may be in there, not prose between two mentions of its markers."""
    long = sum(len(match[0]) for match in _BASE64_LINE.finditer(body))
    return long >= 24 and 2 * long > sum(not char.isspace() for char in body) - 100
