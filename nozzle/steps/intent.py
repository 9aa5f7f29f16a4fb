"""What is about to be written to a file, in git before the file is touched: a kill at any moment loses no text.

It refuses to be a step: it is a tree under `refs/nozzle/intent`, on no branch, gone as soon as it is fulfilled.
"""

from collections.abc import Mapping

from nozzle.steps.objects import FILE, Leaf, checked
from nozzle.steps.repo import Repo


def intend(repo: Repo, intent: Mapping[str, bytes | str]) -> None:
    """Keep these, by name, until `fulfilled`."""
    leaves = {checked(name): Leaf(FILE, repo.objects.blob(_bytes(what))) for name, what in intent.items()}
    repo.refs.put(_ref(repo), repo.objects.graft("", leaves))


def intent(repo: Repo) -> dict[str, bytes] | None:
    """What was intended and not fulfilled."""
    tree = repo.objects.read(_ref(repo))
    if tree is None:
        return None
    blobs = ((name, repo.objects.read(leaf.sha)) for name, leaf in repo.objects.walk(tree.sha))
    return {name: blob.data for name, blob in blobs if blob}


def fulfilled(repo: Repo) -> None:
    """Forget the intent: the files are as they should be."""
    if repo.objects.read(_ref(repo)):
        repo.refs.drop(_ref(repo))


def _ref(repo: Repo) -> str:
    """One for each worktree; not under refs/worktree, which a gc started in another worktree does not keep."""
    own = "" if repo.git_dir == repo.common else f"-{repo.git_dir.name}"
    return f"refs/nozzle/intent{own}"


def _bytes(what: bytes | str) -> bytes:
    return what.encode("utf-8", "surrogateescape") if isinstance(what, str) else what
