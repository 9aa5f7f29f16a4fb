"""What was pasted between the words: an error with its traceback, or a line for a terminal."""

import re
from dataclasses import dataclass

_PYTHON = re.compile(r"^\s*Traceback \(most recent call last\):", re.M)
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<where>\S+))?\s*$')
_RAISED = re.compile(
    r"^(?P<kind>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Expired|Violation|Iteration))(?::\s*(?P<why>.*))?$"
)
_OTHER = re.compile(
    r"^(?:ERROR: |KernelError: |(?:[\w.]*Error|LoadError|panic|fatal|error\[?\w*\]?): |Error in .+? : ?|Error using |"
    r"\S+:\d+(?::\d+)?: (?:fatal )?error: |thread '[^']+' panicked at |terminate called after throwing |"
    r"(?=Segmentation fault\b))(?P<why>.+)$"
)
_STACK = re.compile(r"^(?:Stacktrace:|\s*\[\d+\] |\s+at \S+.*:\d+|goroutine \d+)")
_JULIA = re.compile(r"^\s*@ \S+ (?P<file>\S+?):(?P<line>\d+)")
_SIGNS = re.compile(r"[{}<>:;=#@$]|\w\.\w")
_LIST = """
Rscript apt awk bash bun cargo cat cd chmod chown clang cmake conda cp curl cut date df diff docker du echo env export
find for free g++ gcc gfortran git gnuplot go grep head hostname htop ipython java jq julia jupyter kill kubectl
latexmk ls lscpu make matlab mkdir mlir-opt mpiexec mpirun mv mypy nano ninja node nohup nozzle npm npx nproc
nvidia-smi octave pdffonts pdflatex perf pip pip3 poetry ps psql pytest python python3 rg rm rsync ruff sbatch scp
sed sh sort source sqlite3 squeue srun ssh sudo tail tar tee time tmux touch tox tr uname uv uvx vim watch wc wget
which xargs zip
"""
_PROGRAMS = frozenset(_LIST.split())
_PROMPT = re.compile(r"^\s*(?:\$|%|>>|\w+@[\w.-]+[:~\w/]*[$#])\s+(?P<command>\S.*)$")
_TYPED = re.compile(r"^\s*(?:In \[\d+\]:|>>>)\s+\S")
"""A line for a session of Python, behind its prompt."""
_AMOUNT = re.compile(r"\d[\d.,]*(?:\s|$)")
"""Behind a sign it is a sum of money, and no command."""
_ARGUMENT = re.compile(r"(?:^|\s)(?:--?[A-Za-z]|[\w.-]*/[\w./*-]+|[\w*-]+\.\w{1,4}\b|\||&&|>|\$\w|\"\S|'\S)")

_RUN = re.compile(
    r"(?i)^(?:(?:so|and|but|okay|ok|yeah|right|well|now|then|next|first|also|please|fine|good|hmm+)[,:]? +)*"
    r"(?:(?:let me|let'?s|let us|(?:I|we)(?:'ll| will|'d| could| should| can| want to| need to| have to|'m going to|"
    r"'re going to)"
    r"|(?:can|could|would|will) you|you (?:can|could|should)) +)?"
    r"(?:(?:just|now|first|quickly|also|then|please|maybe|try to|go (?:and|ahead and)) +)*"
    r"(?:re-?)?(?:run|try|execute|launch) +(?P<what>.+)$"
)
_COMMAND = re.compile(r"`(?P<command>[^`]+)`(?P<rest>.*)$")
_LATER = re.compile(
    r"(?i)\b(?:tomorrow|tonight|later|some ?day|next|each|every|always|never|nightly|weekly|daily|instead|unless|"
    r"until|if|when|once|by hand|(?:on|in) (?:the|a|my|our|his|her) (?!block|cell|fence|snippet|background)\w+|"
    r"in (?:CI|production)|not (?:here|now|today|yet)|but|rather|sa(?:ys?|id)|suggest(?:s|ed)|recommend(?:s|ed))\b"
)
"""With one of these it is to be run at another time, in another place, perhaps or not at all, or somebody else says."""
_NOT_IT = re.compile(
    r"(?i)\b(?:do not|will not|would not|must not|should not|cannot|can not|am not going to|never|rather not|"
    r"(?:do|wo|would|must|should|ca)n't|dont|(?:let'?s|better) not)"
    r"(?: (?:you|even|ever|actually|really|want to|dare|have))* *"
    r"(?:(?:run|execute|launch|try|do|dare|start)\b|[.!,;]|$)"
    r"|^(?:(?:oh|but|well|hmm+|actually|wait)[,:]? +)*(?:no|nope|nah|not (?:now|today|yet|here|really))(?:[,.!;:]|$)"
)
_ALONE = re.compile(
    r"(?:pytest|make|tox|nvidia-smi|lscpu|htop)|"
    r"(?:make|cargo|npm|npx|tox|ninja|git|ruff|nozzle) "
    r"(?!again|first|now|once|twice|here|and|it|this|that|to|on|in|sure)[a-z][\w:-]*"
)
"""Commands that nothing in their shape tells from prose."""
_BOUND = re.compile(r"(?:[,;]? (?:and|to|again|before|after|first|now|please|twice|once|here|so)\b|[,;] |[.!?]*$)")

_FULL = "it does not fit into the memory of the GPU: smaller batches, or free what is held there"

_OTHERWISE = {
    "cv2": "opencv-python",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "skimage": "scikit-image",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "serial": "pyserial",
    "git": "GitPython",
    "OpenSSL": "pyopenssl",
    "Bio": "biopython",
    "fitz": "pymupdf",
    "docx": "python-docx",
    "jwt": "pyjwt",
    "Crypto": "pycryptodome",
    "umap": "umap-learn",
}
"""Modules whose package has another name."""

# what an exception usually comes from, in the author's terms; the error's own words come first
_CAUSES: tuple[tuple[str, str, str], ...] = (
    ("ValueError", r"matmul|not aligned",
     "the inner sizes of a product differ: columns on the left, rows on the right"),
    ("ValueError", r"truth value of an array",
     "an array stands where one yes or no is wanted: say any() or all(), or & for and"),
    ("LinAlgError", r"(?i)singular", "the matrix has no inverse: rows that depend on each other, or a row of zeros"),
    ("LinAlgError", r"positive definite",
     "an eigenvalue is not above zero: the matrix is not symmetric, or rounding took it below"),
    ("LinAlgError", r"converge", "the iteration found no end: look for nan or inf in the matrix"),
    ("LinAlgError", r"square", "the matrix is not square"),
    ("ValueError", r"broadcast.* shape", "two arrays of different shapes meet: look at both shapes"),
    ("ValueError", r"reshape", "the sizes do not multiply out: the length is no multiple of the block"),
    ("ValueError", r"unpack", "there are more or fewer pieces than names on the left"),
    ("ValueError", r"wrong size|shape", "an array has another size than the call expects"),
    ("KeyError", r"not (?:found )?in (?:the )?(?:index|axis|columns)",
     "the table has no column or row of that name: spelled otherwise, or with a blank; list its columns"),
    ("KeyError", r"", "that key is not in the mapping: spelled otherwise, or never put in"),
    ("IndexError", r"", "the index lies beyond the end"),
    ("TypeError", r"'NoneType' object is not", "something returned None and was used as if it had returned a value"),
    ("AttributeError", r"'NoneType'", "something returned None and was used as if it had returned a value"),
    ("AttributeError", r"", "the object has no such attribute: another type than expected, or another version"),
    ("UnboundLocalError", r"",
     "the function sets that name further down, so it is its own there: read before it is set"),
    ("NameError", r"", "the name was never set here: misspelled, or its cell did not run"),
    *(
        ("ModuleNotFoundError", rf"'{name}(?:\.[\w.]+)?'$",
         f"the package is not installed where this runs; as a package it is called {package}")
        for name, package in _OTHERWISE.items()
    ),
    ("ModuleNotFoundError", r"", "the package is not installed where this runs"),
    ("ImportError", r"", "the package is there, the name in it is not: another version"),
    ("TypeError", r"argument", "the call has other arguments than the function takes"),
    ("TypeError", r"", "a value has another type than the operation expects"),
    ("ZeroDivisionError", r"", "the divisor is zero"),
    ("FileNotFoundError", r"", "the file is not where it is looked for: mind the folder this runs in"),
    ("OverflowError", r"", "the number is too large for its type"),
    ("UnicodeDecodeError", r"",
     "the bytes are not in that encoding: say which one the file is in, or read it as bytes"),
    ("JSONDecodeError", r"char 0\)", "what was read is no JSON at all: it is empty, or a page that tells an error"),
    ("JSONDecodeError", r"", "the text is not JSON from that place on: a comma, a quote, or text behind its end"),
    ("TimeoutError", r"", "something did not answer in time: another machine, a lock, or more work than was thought"),
    ("TimeoutExpired", r"", "the command took longer than it was given"),
    ("ConnectionRefusedError", r"", "nothing listens at that address and port"),
    ("PermissionError", r"", "the user that this runs as may not do that with the file, or it is out of bounds here"),
    ("IsADirectoryError", r"", "that path is a folder, and a file is wanted"),
    ("FileExistsError", r"", "something of that name is there already"),
    ("RuntimeError", r"(?i)no (?:nvidia|cuda)\b.*(?:driver|gpu|device)|not compiled with cuda",
     "no GPU is seen where this runs: none is there, its driver is missing, or the package was built without it"),
    ("AssertionError", r"(?i)not compiled with cuda", "the package was built without CUDA, or no GPU is seen"),
    ("RuntimeError", r"(?i)expected all tensors .* same device", "one tensor is on the GPU and another is not"),
    ("RuntimeError", r"mat1 and mat2|size of tensor|shape",
     "two tensors of different shapes meet: look at both shapes"),
    ("AssertionError", r"", "what the line says must hold does not: look at the values on it"),
    ("OutOfMemoryError", r"", _FULL),
    ("RuntimeError", r"out of memory", _FULL),
    ("MemoryError", r"", "it does not fit into memory"),
    ("RecursionError", r"", "a function calls itself without an end"),
    ("NotNullViolation", r"", "a row comes in without a value that must be there"),
    ("ERROR", r"No matching distribution|satisfies the requirement",
     "no package of that name, or none for this Python, is where pip looks: the name, the version, or the index"),
    ("ERROR", r"Failed to establish a new connection|Temporary failure in name resolution|ConnectionError|"
     r"Could not resolve host", "there is no way to that host from here: no network, or a name that is not known"),
    ("ERROR", r"externally-managed-environment",
     "this Python belongs to the system, and pip leaves it alone: use a virtual environment"),
    ("ERROR", r"ResolutionImpossible|conflicting dependencies",
     "two packages ask for versions that exclude each other"),
    ("ERROR", r"metadata-generation-failed|subprocess-exited-with-error|Failed (?:to build|building) ",
     "the package is built from source here, and that failed: no wheel for this Python, or a compiler is missing"),
    ("ERROR", r"(?i)no space left on device", "the disk is full"),
    ("ERROR", r"(?i)command not found|: line \d+: \S+: not found$",
     "no program of that name is on the PATH of the shell"),
    ("ERROR", r"(?i)permission denied",
     "the user that this runs as may not do that, or the file is not marked as a program"),
    ("ERROR", r"(?i)no such file or directory", "the file is not where it is looked for: mind the folder this runs in"),
    ("ERROR", r"(?i)not a git repository", "this folder is in no git repository"),
    ("ERROR", r"(?i)out of memory|\bKilled$|(?:signal|exit(?: status| code)?):? (?:9|137)\b",
     "it was ended from outside, as the system does when memory runs out"),
    ("ERROR", r"non-bitstype|not isbits", "a value that is no plain data went to a GPU kernel: compare on the CPU"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pasted:
    """An error as somebody pasted it."""

    says: str
    """Its last line: what was raised."""
    at: int
    """The line of the paragraph where that stands, from 0."""
    place: str = ""
    """The failing line, as file:line, when it names one; the innermost that is not a library's."""
    code: str = ""
    """The code on that line."""
    cause: str = ""
    """What it usually comes from; empty when no rule knows."""


def pasted(text: str) -> Pasted | None:
    """The error in a paragraph; None when there is none.

    >>> pasted('Traceback (most recent call last):\\n  File "a.py", line 3, in f\\n    d[k]\\nKeyError: 1').place
    'a.py:3'
    """
    rows = text.split("\n")
    if _PYTHON.search(text):
        return _python(rows)
    other = next((at for at, row in enumerate(rows) if _OTHER.match(row.strip())), None)
    first = next((at for at, row in enumerate(rows) if row.strip()), 0)
    if other is not None and (other == first or _prompted(rows[first]) or any(_STACK.match(row) for row in rows)):
        return _foreign(rows, other)
    return None


def _prompted(row: str) -> bool:
    """Whether a line was typed at a prompt, so that what stands below it is what came of it."""
    return bool(shell(row) if _PROMPT.match(row) else _TYPED.match(row))


def ends(text: str) -> bool:
    """Whether what was pasted is all there: a command on its line, an error down to what was raised.

    >>> ends("$ pytest -q"), ends("KeyError: 'loss'"), ends("Traceback (most recent call last):"), ends("why it")
    (True, True, False, False)
    """
    found, last = pasted(text), text.rstrip().rpartition("\n")[2]
    return bool(shell(text)) or bool(found and found.says == last and (_RAISED.match(last) or _OTHER.match(last)))


def trace(text: str) -> bool:
    """Whether a paragraph is a part of an error's trace: frames, or lines set in under each other."""
    rows = text.split("\n")
    set_in = sum(row.startswith("  ") for row in rows) * 2 > len(rows) > 2
    return bool(_STACK.match(rows[0])) or set_in or 12 * len(_SIGNS.findall(text)) > len(text) > 80


def _python(rows: list[str]) -> Pasted:
    frames = [(at, match) for at, row in enumerate(rows) if (match := _FRAME.match(row))]
    raised = [(at, match) for at, row in enumerate(rows) if (match := _RAISED.match(row.strip()))]
    at, last = raised[-1] if raised else (len(rows) - 1, None)
    own = [frame for frame in frames if not re.search(r"site-packages|/lib/python|<frozen", frame[1]["file"])]
    place, code = "", ""
    if own or frames:
        line, match = (own or frames)[-1]
        place = f"{match['file']}:{match['line']}"
        code = rows[line + 1].strip() if line + 1 < len(rows) and not _FRAME.match(rows[line + 1]) else ""
    kind = last["kind"].rpartition(".")[2] if last else ""
    return Pasted(rows[at].strip(), at, place, code, _cause(kind, (last["why"] or "") if last else ""))


def _foreign(rows: list[str], at: int) -> Pasted:
    frames = [match for row in rows if (match := _JULIA.match(row))]
    own = [match for match in frames if not re.search(r"\.julia/|packages/|^\./", match["file"])]
    place = f"{own[-1]['file']}:{own[-1]['line']}" if own else ""
    says = rows[at].strip()  # perhaps the last line of a traceback, without the rest
    return Pasted(says, at, place, "", usually(says, "\n".join(rows[:12])))


def usually(says: str, more: str = "") -> str:
    """What an error usually comes from, by its last line, or by a line that its program printed; "" if no rule knows.

    >>> usually("ZeroDivisionError: division by zero"), usually("it failed")
    ('the divisor is zero', '')
    >>> usually("exit 127", "bash: line 1: frobnicate: command not found")
    'no program of that name is on the PATH of the shell'
    """
    raised = _RAISED.match(says.strip())
    cause = _cause(raised["kind"].rpartition(".")[2], raised["why"] or "") if raised else ""
    return cause or next(filter(None, (_cause("ERROR", row) for row in (says, *more.split("\n")))), "")


def _cause(kind: str, why: str) -> str:
    return next((cause for name, words, cause in _CAUSES if name == kind and re.search(words, why)), "")


def to_run(sentence: str) -> str:
    """The command that a sentence says to run, here and now; "" when it says none, or only perhaps.

    >>> to_run("Okay, let me run pytest -q."), to_run("run `make bench` and look"), to_run("I ran `make bench`")
    ('pytest -q', 'make bench', '')
    """
    match = _RUN.match(sentence.strip())
    if match is None:
        return ""
    what = match["what"]
    if ticked := _COMMAND.match(what):
        command, rest = " ".join(ticked["command"].split()), ticked["rest"]
        known = command.split(" ", 1)[0].rpartition("/")[2] in _PROGRAMS or command.startswith("./")
        return command if known and here_and_now(rest) else ""
    end = _BOUND.search(what)
    words = what[: end.start()] if end else what
    found = bool(_ALONE.fullmatch(words)) or (shell(words) == words and not words.startswith(("$", "%")))
    return words if found and here_and_now(what[len(words) :]) else ""


def here_and_now(rest: str) -> bool:
    """Whether what follows a command, or "run this", leaves it to be run here, now, and by the author's own will."""
    return not _LATER.search(rest)


def says_to_run(sentence: str) -> bool:
    """Whether a sentence speaks of running something now, whatever it is."""
    return bool(_RUN.match(sentence.strip()))


def refrains(sentence: str) -> bool:
    """Whether a sentence says not to run what was spoken of.

    >>> refrains("Don't run that."), refrains("I won't."), refrains("Not here."), refrains("I don't see why it fails")
    (True, True, True, False)
    """
    return bool(_NOT_IT.search(sentence.replace("\u2019", "'")))


def shell(text: str) -> str:
    """The command in a paragraph that is nothing but one; "" when it is prose.

    >>> shell("$ git status"), shell("make it faster please"), shell("grep -c x notes/*.txt")
    ('git status', '', 'grep -c x notes/*.txt')
    """
    row = text.strip()
    if "\n" in row:
        return ""
    if match := _PROMPT.match(row):
        return "" if _AMOUNT.match(match["command"]) else match["command"]
    program = row.split(" ", 1)[0].rpartition("/")[2]
    if program not in _PROGRAMS or not _ARGUMENT.search(row.partition(" ")[2]):
        return ""
    prose = re.search(
        r"(?:^|\s)(?:the|a|an|it|me|you|we|please|that|this|is|are)(?:\s|$)", re.sub(r"(['\"]).*?\1", "", row)
    )
    return "" if prose or (row.endswith((".", "?", "!")) and not row.endswith((" .", "/.", ".."))) else row
