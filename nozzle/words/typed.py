"""The watch's end of `nozzle repl`: a prompt beside an entry, in a copy of its state."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nozzle.errors import NozzleError, WrongCommand

if TYPE_CHECKING:
    from nozzle.control import Line, Reply
    from nozzle.document.events import Event
    from nozzle.loop import Loop
    from nozzle.side import Side
    from nozzle.words.voice import Ears


def prompt(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """What somebody at a prompt wants: begin, run, interrupt, answer, keep, end."""
    name, do, text = str(args.get("id", "")), str(args.get("do", "")), str(args.get("text", ""))
    language = str(args.get("language", "python"))
    if do == "begin":
        begun = _begun(loop, name, args)
        if begun.said:
            reply({"say": f"! {begun.said}"})
        return work(reply, lambda: _told(begun, begun.begin()))
    side = loop.sides.get(name)
    if side is None:
        raise WrongCommand("that prompt is not known here any more: begin another")
    if do == "run":
        return work(reply, lambda: _told(side, side.run(text, language)))
    if do == "interrupt":
        side.session.interrupt()
    elif do == "answer":
        side.session.answer(args.get("text"))
    elif do == "keep":
        side.keep(text, language)
    elif do == "end":
        loop.sides.pop(name).session.close()
    reply.end()


def _begun(loop: Loop, name: str, args: Mapping[str, Any]) -> Side:
    """A prompt beside an entry, in the place of an older one of that name; those whose owner is gone are ended."""
    from pathlib import Path

    from nozzle.side import Side

    path = Path(os.path.normpath(str(args.get("path", ""))))
    if not path.is_relative_to(loop.tools.root) or not path.is_file():
        raise WrongCommand(f"{path} is no entry of this journal, {loop.tools.root}")
    for each in [each for each, side in loop.sides.items() if each == name or not _lives(side.owner)]:
        loop.sides.pop(each).session.close()
    loop.sides[name] = side = Side(loop.desk(path), int(args.get("owner", 0)))
    return side


def work(reply: Reply, work: Callable[[], Iterator[Line]]) -> None:
    """Do it in a thread of its own: the loop goes on."""

    def working() -> None:
        status = 0
        try:
            for line in work():
                reply(line)
        except (NozzleError, RuntimeError) as error:
            reply({"say": str(error)})
            status = 1
        reply.end(status)

    threading.Thread(target=working, name="nozzle prompt", daemon=True).start()


def _told(side: Side, events: Iterator[Event]) -> Iterator[Line]:
    """Events as lines for a terminal."""
    from nozzle.document import events as e

    for event in events:
        match event:
            case e.Replaying(number=1, total=total):
                yield {"say": f"{total} of the cells above run again for it"}
            case e.Stream(name=name, text=text):
                yield {"out": text, "name": name}
            case e.ExecuteResult(data=data) | e.DisplayData(data=data):
                yield {"out": _plain(data) + "\n", "name": "stdout"}
            case e.Error(traceback=traceback, ename=ename, evalue=evalue):
                yield {"out": "\n".join([*traceback] or [f"{ename}: {evalue}"]) + "\n", "name": "stderr"}
            case e.InputRequest(prompt=asked, password=password):
                yield {"input": asked, "password": password}
            case e.Finished(status=status, cause=cause) if cause and status != "ok":
                yield {"say": cause}
    if side.waits:
        yield {"say": side.waits}
        side.waits = ""
    if side.gone:
        yield {"gone": True}


def _plain(data: Mapping[str, str]) -> str:
    pictures = [kind for kind in data if kind.startswith("image/")]
    return f"[{pictures[0]}; 'keep' shows it in the entry]" if pictures else data.get("text/plain", "")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
