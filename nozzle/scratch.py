"""`.nozzle`, the folder of what can be made again: git passes over it, whatever the repository says."""

from pathlib import Path


def scratch(folder: Path) -> Path:
    """Make a folder in `.nozzle`, or `.nozzle` itself, where there is none; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for top in (folder, *folder.parents):
        if top.name == ".nozzle" and not (top / ".gitignore").exists():
            (top / ".gitignore").write_text("*\n")
    return folder
