"""Secrets: every shape is found wherever it stands, ordinary text is not, and no text takes long.

The examples are put together here from parts, so that no scanner of this repository takes them for real ones.
"""

import base64
import hashlib
import os
import pickle
import random
import string
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.document.secrets import Hit, find, known_values, redact, secret_names, unfit

ALNUM = string.ascii_letters + string.digits
WORD = ALNUM + "_-"
HEX = "0123456789abcdef"
CHANCE = random.Random(7)


def some(count: int, letters: str = ALNUM) -> str:
    """Random characters, always with a digit and both cases where the letters have them."""
    head = "a1B" if letters != HEX else "a1"
    return (head + "".join(CHANCE.choices(letters, k=count)))[:count]


def pem(kind: str, lines: int = 3, newline: str = "\n") -> str:
    body = newline.join(some(64) for _ in range(lines))
    return newline.join([f"-----BEGIN {kind}-----", body, f"-----END {kind}-----"])


SECRETS = [
    ("aws access key id", "AKIA" + some(16).upper()),
    ("aws access key id", "ASIA" + some(16).upper()),
    *(("github token", f"gh{use}_" + some(36)) for use in "pousr"),
    ("github token", "github_pat_" + some(22) + "_" + some(59)),
    ("gitlab token", "glpat-" + some(20, WORD)),
    ("openai key", "sk-" + some(48)),
    ("openai key", "sk-" + some(32, HEX)),
    ("openai key", "sk-proj-" + some(156, WORD)),
    ("openai key", "sk-svcacct-" + some(60, WORD)),
    ("anthropic key", "sk-ant-api03-" + some(93, WORD) + "AA"),
    ("langfuse key", "sk-lf-" + str(uuid.UUID(int=CHANCE.getrandbits(128)))),
    ("openrouter key", "sk-or-v1-" + some(64, HEX)),
    ("google key", "AIza" + some(35, WORD)),
    ("google token", "ya29." + some(120, WORD)),
    ("google secret", "GOCSPX-" + some(28, WORD)),
    *(("slack token", f"xox{use}-{CHANCE.randrange(10**11, 10**12)}-" + some(24)) for use in "bpars"),
    ("slack token", "xapp-1-A0" + some(9).upper() + "-123456789-" + some(40, HEX)),
    ("stripe key", "sk_live_" + some(24)),
    ("stripe key", "rk_live_" + some(99)),
    ("hugging face token", "hf_" + some(34)),
    ("groq key", "gsk_" + some(52)),
    ("pypi token", "pypi-AgEIcHlwaS5vcmc" + some(150, WORD)),
    ("npm token", "npm_" + some(36)),
    ("sendgrid key", "SG." + some(22, WORD) + "." + some(43, WORD)),
    ("telegram token", "123456789:AA" + some(33, WORD)),
    ("azure secret", "abc8Q~" + some(34, ALNUM + "_.~-")),
    ("age key", "AGE-SECRET-KEY-1" + some(58).upper()),
    ("json web token", "eyJ" + some(33, WORD) + ".eyJ" + some(70, WORD) + "." + some(43, WORD)),
    ("json web token", "eyJ" + some(33) + ".." + some(16) + "." + some(30) + "." + some(22)),
    ("private key", pem("PRIVATE KEY", 1)),
    ("private key", pem("RSA PRIVATE KEY", 25)),
    ("private key", pem("OPENSSH PRIVATE KEY", 6, "\r\n")),
    ("private key", pem("EC PRIVATE KEY", 3, "\\n")),
    ("private key", pem("PGP PRIVATE KEY BLOCK", 9)),
]

# What stands before and after the secret, and which kind that makes it.
PARTS = [
    ("password", "postgres://ada:", "5ecr3t!", "@db.example.org:5432/x"),
    ("password", "https://", None, "@github.com/a/b"),
    ("password", "redis://:", "hunter22", "@localhost"),
    ("password", "https://oauth2:", some(200), "@gitlab.com/a/b.git"),
    ("bearer token", "Authorization: Bearer ", some(40), "'"),
    ("bearer token", "authorization: bearer ", some(43) + "=", "\n"),
    ("basic credentials", "'Authorization': 'Basic ", some(24) + "==", "'"),
    ("aws secret key", "aws_secret_access_key = ", some(40, ALNUM + "/+"), "\n"),
    ("aws secret key", '"SecretAccessKey": "', some(40, ALNUM + "/+"), '"'),
    ("aws secret key", "os.environ['AWS_SECRET_ACCESS_KEY'.lower()] aws_secret_key='", some(40), "'"),
    ("azure key", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=", some(86) + "==", ";EndpointSuffix=y"),
    ("azure key", "SharedAccessKey=", some(43) + "=", "\n"),
    ("azure signature", "https://x.blob.core.windows.net/c/b?sv=2022&sig=", some(43) + "%3D", "&se=1"),
    ("telegram token", "https://api.telegram.org/bot", "123456789:AA" + some(33, WORD), "/getMe"),
    ("slack webhook", "https://hooks.slack.com/services/", f"T{some(8)}/B{some(8)}/{some(24)}", "\n"),
]

AROUND = [
    "{}",
    "key={}\n",
    '"{}",',
    "TOKEN={}",
    "'\\n{}'",
    "({})",
    "> {}",
    "é{}é",
    "\ta\r\nb {}\r\n",
    "<b>{}</b>",
    "`{}`",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("kind", "secret"), SECRETS, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(SECRETS)])
def test_a_secret_is_found_wherever_it_stands(kind: str, secret: str, around: str) -> None:
    text = around.format(secret)
    assert redact(text) == around.format(f"[redacted: {kind}]")
    (hit,) = find(text)
    assert text[slice(*hit.span)] == secret


@pytest.mark.parametrize(("kind", "before", "secret", "after"), PARTS, ids=[f"{n} {p[0]}" for n, p in enumerate(PARTS)])
def test_a_secret_is_known_by_what_stands_before_it(kind: str, before: str, secret: str | None, after: str) -> None:
    secret = secret or "ada:" + some(9)
    text = f"see {before}{secret}{after}"
    (hit,) = find(text)
    assert hit.kind == kind
    assert secret.endswith(text[slice(*hit.span)])
    assert redact(redact(text)) == redact(text) == f"{text[: hit.span[0]]}[redacted: {kind}]{after}"


def test_the_secret_that_follows_an_access_key_id_is_taken_too() -> None:
    id_, secret = "AKIA" + "Q7" * 8, some(40, ALNUM + "/+")
    assert (
        redact(f"id,secret\n{id_},{secret}\n")
        == "id,secret\n[redacted: aws access key id],[redacted: aws secret key]\n"
    )
    digest = hashlib.sha1(b"x").hexdigest()
    assert redact(f"{id_} {digest}") == f"[redacted: aws access key id] {digest}"


def test_a_key_that_was_cut_off_is_taken_as_far_as_it_goes() -> None:
    cut = pem("RSA PRIVATE KEY", 5).partition("\n-----END")[0]
    assert redact(f"a\n{cut}\n\nthe rest") == "a\n[redacted: private key]\n\nthe rest"
    assert redact(f"{cut}\n{pem('PRIVATE KEY')}") == "[redacted: private key]\n[redacted: private key]"


def test_a_key_whose_beginning_was_cut_off_is_taken_from_where_it_is_seen() -> None:
    body, end = f"{some(64)}\n{some(64)}\n{some(9)}=", "-----END RSA PRIVATE KEY-----"
    assert redact(f"[80 lines left out]\n{body}\n{end}\nb") == "[80 lines left out]\n[redacted: private key]\nb"
    assert redact(f"the marker {end} ends a key") == f"the marker {end} ends a key"


def test_a_cut_key_is_found_although_its_end_is_mentioned_far_below() -> None:
    cut = pem("RSA PRIVATE KEY", 5).partition("\n-----END")[0].replace("\n", "\nDEK-Info: AES-128-CBC,0A\n\n", 1)
    prose = "plain words that tell of keys " * 100 + "`-----END RSA PRIVATE KEY-----`"
    assert redact(f"{cut}\n{prose}") == f"[redacted: private key]\n{prose}"


def test_a_key_in_a_diff_or_a_quote_is_taken_whole() -> None:
    quoted = "\n".join(f"+ > {line}" for line in pem("PRIVATE KEY", 4).split("\n"))
    assert redact(quoted) == "+ > [redacted: private key]"


def test_hits_name_lines_and_hold_no_secret() -> None:
    token = "ghp_" + some(36)
    text = f"a\r\nb\rc\n{token} {token}\n\u2028{token}"
    hits = find(text)
    assert [(hit.kind, hit.line) for hit in hits] == [("github token", n) for n in (4, 4, 5)]
    assert isinstance(hits[0], Hit)
    assert token not in repr(hits)


INNOCENT = [
    hashlib.md5(b"x").hexdigest(),
    hashlib.sha1(b"x").hexdigest(),
    hashlib.sha256(b"x").hexdigest(),
    "sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode(),
    str(uuid.UUID(int=2**127 + 12345)),
    "shelf_" + hashlib.sha1(b"x").hexdigest(),
    "data:image/png;base64," + base64.b64encode(random.Random(1).randbytes(300_000)).decode(),
    base64.urlsafe_b64encode(random.Random(2).randbytes(300_000)).decode(),
    "sk-learn, task-force and disk-1234567890123456789012345, sk-estimator-doc-link sk-container-id-1",
    "risk-free sk-toggleable__content-arrow desk-proj-aaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
    "sk-proj-my-own-project-name-in-words",
    "ghp_ is the prefix of a token; so are sk-, xoxb- and hf_",
    "hf_hub_download hf_transformers_model_name npm_config_registry pypi-server gh_actions_runner",
    "AKIA is how an access key id begins; AKIAIOSFODNN is too short; XAKIA" + "A" * 16,
    "`-----BEGIN PRIVATE KEY-----` and `-----END PRIVATE KEY-----` enclose a key",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\n" + "MIIB" * 16 + "\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\n" + "MIIB" * 16 + "\n-----END PUBLIC KEY-----",
    "http://localhost:8888/lab?token=x and http://user@host:80/ and ssh://git@example.org:22/a",
    "https://user:password@example.org https://user:$TOKEN@h https://user:${TOKEN}@h https://u:{token}@h",
    "https://user:<password>@h https://user:****@h https://user:xxxxx@h https://user:%(pw)s@h https://%s:%s@%s",
    "docker://alpine:3.19@sha256:" + hashlib.sha256(b"x").hexdigest(),
    "https://esm.sh/react@18.2.0 https://x.org:8080?q=a@b git@github.com:a/b.git a://b",
    "the bearer of this letter; Bearer authentication; Bearer YOUR_ACCESS_TOKEN_GOES_HERE; bearer",
    "Authorization: Basic realm",
    "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
    "aws_secret_access_key = " + hashlib.sha1(b"x").hexdigest(),
    'eyJ is base64 of {"; eyJhbGciOiJIUzI1NiJ9 alone says nothing; a.eyJ.b',
    "12:30:AAB 2026-11-22T08:47:20 123456789:ABC",
    "password = getpass(); token: str; API_KEY=...; secret_key=None",
    "x = SG.method(1).other(2); Q~ = 3",
    "<!-- /nozzle sig=0123456789ab:" + "Az09._" * 14 + "Az -->",
    "GOCSPX- ya29. xapp-1 sk_live_ k_live_ https://hooks.slack.com/services/",
]


@pytest.mark.parametrize("text", INNOCENT, ids=[text[:24] for text in INNOCENT])
def test_ordinary_text_stays(text: str) -> None:
    assert find(text) == []
    assert redact(text) is text


def test_the_standard_library_holds_no_secrets() -> None:
    files = [*Path(os.__file__).parent.glob("*.py"), *Path(__file__).parents[2].rglob("nozzle/**/*.py")]
    assert len(files) > 100
    texts = ((file, file.read_text("utf-8", "replace")) for file in files)
    assert [(file.name, hit) for file, text in texts for hit in find(text)] == []


@given(st.binary(min_size=6, max_size=6), st.binary(min_size=64, max_size=64))
def test_our_own_markers_hold_no_secrets(key: bytes, signature: bytes) -> None:
    encoded = base64.b64encode(signature, b"._").decode().rstrip("=")
    marker = f"<!-- nozzle:output v=1 of={key.hex()} status=ok -->\n<!-- /nozzle sig={key.hex()}:{encoded} -->\n"
    assert find(marker) == []


def test_known_values_are_taken_exactly() -> None:
    known = ["correct horse", "battery+staple", "short", "é" * 8]
    text = f"correct horse, short, battery+staple!correct horse {'é' * 9}"
    assert redact(text, known) == ", short, ".join(["[redacted: known secret]"] * 2) + (
        "![redacted: known secret] [redacted: known secret]é"
    )
    assert redact("correct hors", known) == "correct hors"


WRITTEN = (
    ("<td>p&amp;ss_w*rd&lt;12&gt;x</td>", "<td>[redacted: known secret]</td>"),
    ("| p&ss\\_w\\*rd&lt;12>x |", "| [redacted: known secret] |"),
    ("a \\*p&ss\\_w\\*rd\\<12>x\\* b", "a \\*[redacted: known secret]\\* b"),
    ("p&#38;ss&#x5F;w&ast;rd&lt12&gtx", "[redacted: known secret]"),
    ("**ghp\\_{0}** and &lt;ghp&#95;{0}&gt;", "**[redacted: github token]** and &lt;[redacted: github token]&gt;"),
    ("https:&#x2F;/ada:s3cret&commat;example.org", "https:&#x2F;/ada:[redacted: password]&commat;example.org"),
    ("a &amp; b \\_ c, \\[redacted: github token]", "a &amp; b \\_ c, \\[redacted: github token]"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "clean"), WRITTEN)
def test_a_secret_is_found_however_it_is_escaped(text: str, clean: str) -> None:
    known, text = ["p&ss_w*rd<12>x", "redacted"], text.replace("{0}", "x1" * 18)
    assert redact(text, known) == clean
    assert redact(clean, known) == clean
    assert [hit.span for hit in find(f"\n{text}", known)] == [
        (start + 1, stop + 1) for start, stop in (hit.span for hit in find(text, known))
    ]


def test_what_hides_in_an_escape_says_why_a_file_is_not_kept() -> None:
    assert unfit("a.html", b"one<br>\nghp&#95;" + b"x1" * 18) == "line 2 looks like a secret (github token)"


def test_a_file_that_is_no_text_is_searched_to_its_end() -> None:
    page = bytes(range(256)) * 8_000
    assert unfit("a.db", page) == ""
    found = "what looks like a secret (github token) is in it"
    assert unfit("a.db", page + b"\xff\0ghp_" + b"x1" * 18 + b"\0" + page) == found
    assert unfit("a.db", page + ("ghp_" + "x1" * 18).encode("utf-16")) == found
    for code in ("utf-8", "utf-16", "utf-16-be", "utf-32"):
        held = page + "grün-häuschen-1997".encode(code)
        assert unfit("a.db", held, ["grün-häuschen-1997"]) == "what looks like a secret (known secret) is in it"
        assert unfit("a.db", held, ["short", "another-secret"]) == ""


BURIED = [(kind, secret) for kind, secret in SECRETS if kind not in ("azure secret", "private key")]


@pytest.mark.parametrize(("kind", "secret"), BURIED, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(BURIED)])
def test_no_secret_hides_behind_the_value_or_the_length_before_it(kind: str, secret: str) -> None:
    why = f"what looks like a secret ({kind}) is in it"
    if kind == "openai key" and secret == secret.lower():
        secret = "sk-" + some(32)  # in letters of one case it may be a number of somebody's: "task-..."
    assert unfit("a.pkl", b"\x80\x04\0\x8cz" + secret.encode() + b"\x94.") == why
    assert unfit("a.db", b"\0\x05Ada" + secret.encode() + b"\0") == why
    assert unfit("a.msgpack", b"\x81\xa1k\xd9l" + secret.encode() + b"\xa1") == why


def test_what_a_program_pickles_or_puts_into_a_database_is_searched() -> None:
    token, id_ = "ghp_" + some(36), "AKIA" + "Q7" * 8
    for length in range(20, 120):
        assert unfit("a.pkl", pickle.dumps({"key": "sk-ant-" + some(length, WORD)}))
    assert unfit("a.db", b"\0\x17AdaLovelace" + token.encode() + b"Londonhere\0")
    assert unfit("a.db", b"\0" + (id_ + some(40)).encode() + b"\0")


def test_what_is_no_secret_in_a_file_that_is_no_text_stays() -> None:
    for word in ("task-" + some(21), "a desk-" + some(40, HEX), "MKAKIA" + "ACDEFGHIKLMNPQRS", "selfhf_" + "x1" * 17):
        assert unfit("a.db", b"\0\x05" + word.encode() + b"\0") == ""
    for _ in range(10):
        noise = CHANCE.randbytes(300_000)
        assert unfit("a.bin", b"\0" + noise + base64.b64encode(noise)) == ""


def test_a_known_value_with_a_shape_is_called_by_its_shape() -> None:
    token = "ghp_" + some(36)
    assert redact(f"a {token} b", [token]) == "a [redacted: github token] b"
    assert redact(f"a {token} b", [token[:20]]) == "a [redacted: github token] b"
    assert redact("xxabcdefghijyy", ["abcdefgh", "cdefghij"]) == "xx[redacted: known secret]yy"


def test_a_known_value_does_not_eat_what_was_redacted_before() -> None:
    once = redact("ghp_" + some(36) + " redacted", ["redacted", "github token"])
    assert once == redact(once, ["redacted", "github token"]) == "[redacted: github token] [redacted: known secret]"


def test_which_values_of_an_environment_are_secret() -> None:
    environ = {
        "OPENAI_API_KEY": " one-secret ",
        "GH_TOKEN": "two-secret",
        "DB_PASSWORD": "password",
        "db.secret": "three-secret",
        "KEYBOARD": "not-a-secret",
        "PWD": "/home/ada/journal",
        "SSH_AUTH_SOCK": "/run/user/1000/keyring",
        "TOKENIZERS_PARALLELISM": "false-false",
        "AWS_ACCESS_KEY_FILE": "/etc/aws/access",
        "CI_TOKEN": "short",
        "GH_PAT": "four-secret",
        "KEYBOARD_LAYOUT": "qwerty-us",
    }
    assert known_values(environ) == {"one-secret", "two-secret", "three-secret", "four-secret"}


SECRET_NAMES = "GH_PAT DB_PASS MYSQL_PWD PASSPHRASE PGPASSWORD OPENAI_API_KEY AWS_SESSION_TOKEN github_token API_KEYS \
SSH_KEY_PASSPHRASE VAULT_SECRET_ID apiKey SSHPASS GOOGLE_APPLICATION_CREDENTIALS db.secret githubToken AWS_SECRET"
OTHER_NAMES = "KEYBOARD_LAYOUT PWD OLDPWD TOKENIZERS_PARALLELISM MAX_TOKENS AWS_ACCESS_KEY_ID SSH_AUTH_SOCK COMPASS \
PATH PATTERN BYPASS_CACHE SSH_ASKPASS TOKEN_FILE PUBLIC_KEY MONKEY SECRETARY KEYMAP"


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_a_name_that_says_secret_is_one(name: str) -> None:
    assert secret_names([name]) == {name}


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_a_name_that_only_sounds_like_it_is_none(name: str) -> None:
    assert secret_names([name]) == frozenset()


PIECES = st.sampled_from(
    [
        *(secret for _, secret in SECRETS),
        "a",
        " ",
        "\n",
        "-",
        "://a:",
        "@b",
        "Bearer ",
        "[redacted: x]",
        "sk-",
        "é",
        "eyJ",
    ]
)


@given(st.lists(PIECES, max_size=8))
def test_redacting_twice_is_redacting_once(pieces: list[str]) -> None:
    once = redact(" ".join(pieces))
    assert redact(once) == once


@given(st.text(), st.sampled_from(SECRETS), st.text())
def test_no_text_hides_a_secret_on_its_own_line(before: str, secret: tuple[str, str], after: str) -> None:
    assert secret[1] not in redact(f"{before}\n{secret[1]}\n{after}")


HOSTILE = {
    "pem begins": "-----BEGIN PRIVATE KEY-----\n" + "A" * 20 + "\n",
    "pem words": "-----BEGIN A A A A A ",
    "jwt starts": "eyJ-",
    "jwt segments": "eyJaaaaaaaaaaaaaa..",
    "urls": "://a:b",
    "heads": "eyJ" * 130 + ".",
    "ids with tails": "AKIA" + "Z" * 16 + " " + "aB1/" * 10 + " ",
    "sk": "sk-proj-sk-ant-",
    "names": "SecretAccessKey" + "_" * 19,
    "done": "[redacted: " + "a" * 39,
    "lines": "\r\n\r",
    "known": "abcdefgh",
    "references": "&amp;",
    "half references": "&#x",
    "backslashes": "\\",
    "mixed": "".join(secret[: len(secret) // 2] + " " for _, secret in SECRETS),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_malice_ends(name: str, often: Callable[[int], int]) -> None:
    unit, size = HOSTILE[name], often(1_000_000)
    many = unit * (size // len(unit))
    for text in (many, unit + "a" * size, unit + " " * size, unit + "1." * (size // 2)):
        assert len(redact(text, ["abcdefgh"])) <= 3 * len(text)
    assert unfit("a.bin", b"\0" + many.encode()).count("\n") == 0
