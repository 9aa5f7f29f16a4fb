"""Steps as one would make them with GitPython's Python index: `index.add` and `index.commit`."""

from collections.abc import Sequence
from io import BytesIO

from git import Blob, Repo
from gitdb import IStream

from nozzle.steps import Record, Step, Steps
from nozzle.steps.step import message


class GitPythonSteps(Steps):
    """The same steps, their commits made by GitPython in this process."""

    def record_all(self, records: Sequence[Record], at: str | None = None) -> list[Step]:
        with Repo(self.root) as repo:
            made = [step for record in records if (step := self._commit(repo, record))]
        self._made |= {step.sha for step in made}
        return made

    def moving(self) -> bool:
        """Never: what writes the index here is this arm itself, and it must not wait for that."""
        return False

    def _commit(self, repo: Repo, record: Record) -> Step | None:
        tree = repo.head.commit.tree
        for path, content in record.files.items():
            assert content is not None, "no repetition removes a file"
            if tree.join(path).data_stream.read() == content:
                continue
            if (self.root / path).read_bytes() == content:
                repo.index.add([path])
            else:
                binsha = repo.odb.store(IStream(b"blob", len(content), BytesIO(content))).binsha
                repo.index.add([Blob(repo, binsha, 0o100644, path)])
            fixed = [("Kind", record.kind), ("Entry", record.entry), ("Thread", self.thread().name)]
            words = message(record.title, [*fixed, *record.trailers.items()]).decode()
            return self._repo.step(repo.index.commit(words, skip_hooks=True).hexsha)
        return None
