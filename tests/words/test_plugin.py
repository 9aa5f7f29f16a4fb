"""The plugin for stock mystmd: written where mystmd is used, and understood by Node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.words.conftest import Say


def test_new_leaves_the_plugin_only_where_mystmd_is_used(say: Say, folder: Path) -> None:
    say("new", "One")
    assert not (folder / "nozzle.mjs").exists()
    (folder / "myst.yml").write_text("version: 1\n")
    say("new", "Two")
    assert "admonition" in (folder / "nozzle.mjs").read_text()
    (folder / "nozzle.mjs").write_text("// mine\n")
    say("new", "Three")
    assert (folder / "nozzle.mjs").read_text() == "// mine\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
def test_node_makes_a_box_of_a_question(say: Say, folder: Path) -> None:
    (folder / "myst.yml").write_text("version: 1\n")
    say("new", "One")
    code = (
        "const p = (await import(process.argv[1])).default; const ask = p.directives.find(d => d.name === 'ask');"
        "console.log(JSON.stringify(ask.run({body: [{type: 'text', value: 'why'}]})))"
    )
    words = ["node", "--input-type=module", "-e", code, (folder / "nozzle.mjs").as_uri()]
    (box,) = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert (box["type"], box["class"]) == ("admonition", "nozzle-ask")
    assert box["children"][1] == {"type": "text", "value": "why"}
