"""What a person is told to type is what is checked."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_second_line_of_the_readme_is_what_ci_runs() -> None:
    block = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert block is not None
    first, second = block[1].splitlines()
    assert "nozzle tour" in first
    assert second in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
