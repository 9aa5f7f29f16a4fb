"""Programs that reach outside by what they are: told by the names that stand in a cell where a command begins.

What a program does is not seen. Of those that are there to act elsewhere (on servers, in clusters, in databases) the
name says enough to ask before they run again. Those that only fetch or install packages run again unasked; what a
script starts, and a name that a variable holds, is not known. `#| once: true` says it of any cell.
"""

import re

_ACTING = (
    "curl|wget|ssh|scp|sftp|lftp|rclone|telnet|nc|ncat|mail|mailx|sendmail|msmtp|mutt|"
    "aws|gsutil|gcloud|az|s3cmd|kubectl|helm|terraform|ansible(?:-playbook)?|gh|glab|twine|"
    "psql|mysql|mariadb|mongosh|redis-cli|sbatch|srun|qsub|bsub|condor_submit|crontab|systemctl|shutdown|reboot"
)
_WITH = (
    r"git\s+(?:-C\s+\S+\s+)?push|(?:docker|podman)\s+push|(?:npm|cargo|poetry|uv|flit)\s+publish|hatch\s+publish|"
    r"(?:hf|huggingface-cli)\s+upload|rsync\b[^\n;|&]*\s[\w.@-]+:"
)
_NAME = rf"(?:[\w./~-]*/)?(?P<name>{_ACTING}|{_WITH})(?=[\s;|&)'\"`]|$|(?<=:))"
_BEFORE = r"(?:(?:sudo|env|time|nohup|exec|command|then|do|else|xargs|timeout\s+\S+|(?:ba)?sh\s+-c|\w+=\S*|!)\s+)*"
_COMMAND = re.compile(rf"(?:^|[;|&({{`]|\$\()[ \t]*{_BEFORE}{_NAME}", re.M)
_LINE = re.compile(r"^[ \t]*(?:[\w, ]+=\s*)?!+(?P<rest>.*)$", re.M)
_STRING = re.compile(r"""["'](?P<rest>[^"'\n]+)""")
_LIST = re.compile(r"""(["']),\s*["']""")
_PICKS = re.compile(r"[\w)\]\[]\[$")
_SCRIPT = re.compile(r"\s*%%(?:bash|sh|script|system|!)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")


def outward(source: str, language: str) -> tuple[str, ...]:
    """The effects of the programs that a cell names.

    >>> outward("make && curl -d @out.json https://x.org | tee log  # wget", "bash")
    ('program:curl',)
    >>> outward("subprocess.run(['git', 'push'])", "python"), outward("x = !ssh host ls", "python")
    (('program:git push',), ('program:ssh',))
    >>> outward("os.system('make; sbatch job.sh')", "python"), outward("run(['sh', '-c', 'psql x'])", "python")
    (('program:sbatch',), ('program:psql',))
    >>> outward("A=1 sudo git -C x push; rsync -a x y; rsync -av out/ me@host:in", "bash")
    ('program:git push', 'program:rsync')
    >>> outward("a = {'az': 1}; a['mail']; df[['az', 'el']]; subprocess.run(['ls'])", "python")
    ()
    >>> outward("echo curl; git status; pip install gh", "bash"), outward("curl = 1; print('a curl')", "python")
    ((), ())
    """
    if language == "bash" or _SCRIPT.match(source):
        found = _COMMAND.finditer(_COMMENT.sub("", source))
    else:
        lines = "\n".join(row["rest"] for row in _LINE.finditer(source))
        joined = _LIST.sub(" ", source)
        words = "\n".join(row["rest"] for row in _STRING.finditer(joined) if not _is_key(joined, row))
        found = _COMMAND.finditer(f"{lines}\n{words}")
    return tuple(dict.fromkeys(f"program:{_short(each['name'])}" for each in found))


def _is_key(source: str, text: re.Match[str]) -> bool:
    """Whether a text is no command by where it stands: it picks out columns, or is one word in a dictionary."""
    before = source[: text.start()].rstrip()
    return bool(_PICKS.search(before)) or (before[-1:] in ("{", ":", ",") and not re.search(r"\s", text["rest"]))


def _short(name: str) -> str:
    first, *rest = name.split()
    return f"{first} {rest[-1]}" if rest and first != "rsync" else first
