"""`.nozzle`, the folder of what can be made again: git passes over it, whatever the repository says."""

from pathlib import Path

from nozzle import whole


def scratch(folder: Path) -> Path:
    """Make a folder in `.nozzle`, or `.nozzle` itself, where there is none; Unwritable when it is a link."""
    top = next((each for each in (folder, *folder.parents) if each.name == ".nozzle"), None)
    if top is None:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    whole.make(folder, root=top.parent)
    if not (top / ".gitignore").exists():
        whole.write(top / ".gitignore", b"*\n", root=top.parent)
    return folder
