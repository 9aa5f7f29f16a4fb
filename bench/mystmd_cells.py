"""Cells as nozzle finds them beside cells as mystmd's own parser finds them, over random documents.

    npm install myst-parser@1.7.3 myst-ext-tabs    # somewhere else
    python bench/mystmd_cells.py 2000 --npm THERE

Prints how many documents agree and every kind of disagreement. `--pin FILE` writes a sample with mystmd's answers: what
tests/document/test_mystmd_cells.py holds nozzle to on machines that have no Node.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

from nozzle.document.outline import nested_cells, outline

CELL = re.compile(r"\s*\{code-cell\}")

# Lines that make trouble together; a document is a few of them, one below the other.
FRAGMENTS = """\
```{code-cell} python|```|````|````{code-cell}|~~~{code-cell} python|~~~|:::{code-cell} python|:::|::::|::::{note}
:::{note} T|print(1)|x = 2|# Heading|para||||> quote|- item|  indented|    code|$$|---|+++|% comment|<!-- c -->|<!--|-->
<div>|</div>|```python|```text|:tags: [a]|[^1]: note|\tTab|é😀|```{note}|1. one|***|a <b>x</b>|(label)=
- ```{code-cell} python|> ```{code-cell} python|> ```|  ```{code-cell}|  ```|  print(3)|[a]: b|**bold**|``` {code-cell}
""".replace("\n", "|").split("|")

ASK = """
import { mystParse } from 'myst-parser';
import { tabDirectives } from 'myst-ext-tabs';
function cells(node, depth, found) {
  if (node.type === 'code' && node.executable) found[depth ? 'nested' : 'top'].push(node.value);
  const own = node.type === 'root' || node.type === 'block' || node.name === 'code-cell';
  for (const child of node.children ?? []) cells(child, depth + (own ? 0 : 1), found);
  return found;
}
const ask = (text) => cells(mystParse(text, { directives: [...tabDirectives] }), 0, { top: [], nested: [] });
let said = '';
for await (const part of process.stdin.setEncoding('utf8')) said += part;
process.stdout.write(JSON.stringify(JSON.parse(said).map(ask)));
"""


def documents(number: int, seed: int) -> list[str]:
    """Random documents of 3 to 14 lines."""
    chance = random.Random(seed)
    return ["\n".join(chance.choices(FRAGMENTS, k=chance.randint(3, 14))) + "\n" for _ in range(number)]


def mystmd(texts: list[str], folder: Path) -> list[dict[str, list[str]]]:
    """Ask mystmd's parser, installed in a folder, for the cells of each text."""
    command = ["node", "--input-type=module", "-e", ASK]
    done = subprocess.run(command, cwd=folder, input=json.dumps(texts), capture_output=True, text=True, check=True)
    answers: list[dict[str, list[str]]] = json.loads(done.stdout)
    return answers


def nozzle(text: str) -> dict[str, list[str]]:
    """The bodies of the cells that nozzle finds: those that run, and those that are left alone."""
    found = outline(text)
    tops = [_body(found.rows[top.start : top.stop]) for top in found.tops if CELL.match(top.info)]
    return {"top": tops, "nested": [body for _, body in nested_cells(found)]}


def _body(rows: list[str]) -> str:
    """The body of a top-level cell, read as that of a cell inside another directive."""
    around = ":" * 40
    inside = outline("".join([f"{around}{{note}}\n", *rows, f"\n{around}\n"]))
    return nested_cells(inside)[0][1]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("number", type=int, nargs="?", default=1000)
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--npm", type=Path, default=Path(), help="the folder that holds node_modules")
    words.add_argument("--pin", type=Path, help="write the documents and mystmd's answers to this file")
    said = words.parse_args()
    if shutil.which("node") is None or not (said.npm / "node_modules" / "myst-parser").is_dir():
        sys.exit("skipped: this needs node, and myst-parser installed by npm in the folder that --npm names")
    texts = documents(said.number, said.seed)
    answers = mystmd(texts, said.npm)
    if said.pin:
        pinned = [{"text": text, **answer} for text, answer in zip(texts, answers, strict=True)]
        said.pin.write_text(json.dumps(pinned, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    both = zip(texts, map(nozzle, texts), answers, strict=True)
    different = [(text, ours, theirs) for text, ours, theirs in both if ours != theirs]
    print(f"{len(texts) - len(different)} of {len(texts)} documents: the same cells")
    for text, ours, theirs in sorted(different, key=lambda each: len(each[0]))[:20]:
        print(f"\n{text!r}\n  nozzle {ours}\n  mystmd {theirs}")


if __name__ == "__main__":
    main()
