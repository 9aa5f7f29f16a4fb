"""The workflow that publishes a journal on GitHub Pages: check every output, build, deploy."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from nozzle.errors import Refused

_PAGES = """\
name: pages
on:
  push:
    branches: [main]
  workflow_dispatch:
permissions:
  contents: read
  pages: write
  id-token: write
concurrency:
  group: pages
  cancel-in-progress: true
jobs:
  publish:
    runs-on: ubuntu-latest
    environment:
      name: github-pages
      url: ${{ steps.deployment.outputs.page_url }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      # the nozzle that wrote this file: the journal's own checkout, a git address, or a version of the package index;
      # where it has come from somewhere else, say here how it is installed
      - run: pip install @nozzle@
      - run: nozzle verify --attest
      - run: nozzle publish --to _site
      - uses: actions/configure-pages@v5
      - uses: actions/upload-pages-artifact@v3
        with:
          path: _site
      - id: deployment
        uses: actions/deploy-pages@v4
"""


def pages(root: Path) -> str:
    """The workflow for the journal at `root`."""
    return _PAGES.replace("@nozzle@", _source(root))


def _source(root: Path) -> str:
    """What pip is to install: this nozzle, from where a stranger's machine can have it too."""
    from importlib.metadata import distribution

    if _is_nozzle(root / "pyproject.toml"):
        return "."
    nozzle = distribution("nozzle")
    told = json.loads(nozzle.read_text("direct_url.json") or "{}")  # PEP 610: for what came from no index
    if not told:
        return f"nozzle=={nozzle.version}"
    url, commit = _found(told)
    if not url:
        raise Refused(
            f"this nozzle was installed from {told['url']}, as no other machine can: install it from a git address "
            f"that all can reach (pip install git+https://...), or push the commit that you have there, then try again"
        )
    return f"'nozzle @ git+{url}@{commit}'" if commit else f"'nozzle @ {url}'"


def _found(told: Mapping[str, Any]) -> tuple[str, str]:
    """Where what a package came from is on the web, and its commit; an archive has none, and there may be no place."""
    from nozzle.steps.address import address, on_the_web

    vcs, url = told.get("vcs_info", {}), str(told["url"])
    if vcs.get("vcs") == "git":
        return on_the_web(url), str(vcs["commit_id"])
    if "dir_info" in told:
        return address(Path(unquote(urlsplit(url).path)))
    return on_the_web(url), ""


def _is_nozzle(project: Path) -> bool:
    """Whether this is the project file of nozzle itself."""
    try:
        return bool(tomllib.loads(project.read_text()).get("project", {}).get("name") == "nozzle")
    except (OSError, ValueError):
        return False
