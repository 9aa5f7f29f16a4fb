"""The first lines of every kernel: leave a keeper behind, put folders out of reach, become Python, bash or
the bridge to a kernel of Jupyter's.

Run by path, as a script. It makes its folder a package under a private name, so that no name of nozzle's ever
stands on the cells' `sys.path`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

PACKAGE = "_nozzle_worker"


def start(config: dict[str, Any]) -> None:
    """Make this process a kernel; comes back only for Python."""
    _package()
    from _nozzle_worker import hide, keeper  # type: ignore[import-not-found]

    signal.signal(signal.SIGINT, signal.default_int_handler)  # behind nohup or a script's & it comes ignored
    os.set_inheritable(config["control"], False)
    keeper.keep(config["keeper"])
    hidden = hide.hide(config["hidden"])
    if config["over"] and not hide.lay_over(config["over"]):
        config["folder"], config["root"] = config["apart"]
    if config["language"] == "bash":
        _become_bash(config, hidden)
    os.chdir(config["folder"])
    control = socket.socket(fileno=config["control"])
    if config["language"] != "python":
        from _nozzle_worker import bridge

        bridge.serve(control, config["script"], hidden)
    del sys.path[0]  # our own folder
    from _nozzle_worker import loop

    sys.argv = [""]
    loop.serve(control, config, hidden)


def _package() -> None:
    here = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(PACKAGE, here / "__init__.py", submodule_search_locations=[str(here)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)
    from _nozzle_worker import own

    sys.meta_path.insert(0, own.finder(PACKAGE))


def _become_bash(config: dict[str, Any], hidden: bool) -> None:
    line = 251  # so high that a cell will not want it for itself
    if config["control"] == line:  # of a host that has that many files open
        os.set_inheritable(line, True)
    else:
        os.dup2(config["control"], line)
        os.close(config["control"])
    os.chdir(config["folder"])
    if config["bounds"]:
        from _nozzle_worker import sandbox

        held = sandbox.bound(config["bounds"])
        os.write(line, b"confined %d %d %d\0" % (held["files"] > 0, held["network"], held["signals"]))
    os.write(line, b"ready %d\0" % hidden)
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-c", config["script"]])


if __name__ == "__main__":
    start(json.loads(sys.argv[1]))
