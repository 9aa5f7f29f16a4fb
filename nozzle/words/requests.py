"""What other words ask of the loop that runs here, and how they ask: one table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nozzle.errors import NozzleError, WrongCommand
from nozzle.words.keep import keep
from nozzle.words.typed import prompt

LONGEST = 100_000
"""Characters of a cell that another program proposes."""

if TYPE_CHECKING:
    from nozzle.agents.crew import Word
    from nozzle.beside import Notice
    from nozzle.control import Reply, Request
    from nozzle.desk import Desk
    from nozzle.loop import Loop
    from nozzle.permit import Answer
    from nozzle.words.journal import Journal
    from nozzle.words.voice import Ears

    Act = Callable[[Loop, Ears, Mapping[str, Any], Reply], None]


def relay(word: str, near: Path | None, **args: Any) -> int:
    """Ask the watch, or the run, that is at work here, and say what it answers."""
    from nozzle import control
    from nozzle.errors import Refused
    from nozzle.words.journal import journal
    from nozzle.words.visible import echo

    with journal(near) as here:
        lines = control.ask(here.steps.private, word, **args)
        if lines is None:
            raise Refused("nothing is running here; 'nozzle watch' or 'nozzle run' would be")
        status = 0
        for line in lines:
            if "say" in line:
                echo(line["say"])
            status = line.get("status", status)
        return status


@contextmanager
def serving(loop: Loop, here: Journal, ears: Ears, what: str) -> Iterator[None]:
    """Hold this journal, and answer other words while the loop runs."""
    from nozzle.control import Server
    from nozzle.loop import Called

    def handle(request: Request, reply: Reply) -> None:
        act = WORDS.get(request.word)
        if act is None:
            reply({"say": f"the watch does not know '{request.word}'; is it an older nozzle?"})
            reply.end(2)
            return
        loop.messages.put(Called(lambda loop: _acted(act, loop, ears, request.args, reply)))

    with Server(here.steps.private, handle, root=here.root, what=what):
        yield


def _acted(act: Act, loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Carry out a request; what is wrong with it is its answer, and never the end of the loop."""
    try:
        act(loop, ears, args, reply)
    except NozzleError as error:
        reply({"say": f"nozzle: {error}"})
        reply.end(error.status)
    except (LookupError, TypeError, ValueError, OSError) as error:  # who asks may be another nozzle, or none
        reply({"say": f"nozzle: the watch cannot do that as it was asked: {type(error).__name__}: {error}"})
        reply.end(WrongCommand.status)


def run(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Run entries; tells what happens to them, and answers when they are through."""
    from nozzle.words.run import tell
    from nozzle.words.voice import Voice

    paths = _paths(loop, args)
    voice = Voice(out=lambda text, color, dim: reply({"say": text, "color": color, "dim": dim}))
    names = {path.relative_to(loop.tools.root).as_posix() for path in paths}

    faults: set[str] = set()

    def hear(notice: Notice) -> None:
        if notice.entry in names:
            voice(notice)
        if notice.kind == "fault":
            faults.add(notice.entry)

    ears.add(hear)
    loop.advance(paths, bool(args.get("again")))

    def done(loop: Loop) -> None:
        desks = [loop.desks[path] for path in paths if path in loop.desks]
        if any(desk.busy() for desk in desks):
            loop.later(done)
            return
        ears.remove(hear)
        reply.end(tell(loop, paths, voice, faults))

    loop.later(done)


def _paths(loop: Loop, args: Mapping[str, Any]) -> list[Path]:
    """The entries that are meant, or WrongCommand: who asks may be another nozzle, or none."""
    named = args.get("paths")
    if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
        raise WrongCommand("'run' wants the paths of entries")
    paths = [Path(os.path.normpath(path)) for path in named]
    for path in paths:
        if not path.is_relative_to(loop.tools.root):
            raise WrongCommand(f"{path} is outside this journal, {loop.tools.root}")
    return paths


def at_work(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Tell which cells run, which have run and are not written down yet, and whether one waits for an answer."""
    for desk in loop.desks.values():
        running = [desk.run.cell.chain] if desk.run else []
        made = [each.piece.chain for each in desk.sheet.made if each.piece.kind == "cell"]
        reply({"entry": desk.rel, "running": running, "made": made, "asks": desk.asks})
    reply.end()


def stop(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    stopped = [desk for desk in _chosen(loop, args) if desk.stop()]
    for desk in stopped:
        reply({"say": f"stopping {desk.rel}"})
    if not stopped:
        reply({"say": "nothing is under way"})
    reply.end(0 if stopped else 1)


def answer(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Reply to the cell that waits (the one of a chain, where one is named); WrongCommand where it could be another."""
    cell = str(args.get("cell") or "")
    waiting = [desk for desk in _chosen(loop, args) if (cell in desk.asks if cell else desk.asks)]
    if len(waiting) > 1:
        raise several({desk.rel: "; ".join(desk.asks.values()) for desk in waiting})
    answered = next((desk for desk in waiting if desk.answer(args.get("text"), cell)), None)
    none = "that cell does not wait any more" if cell else "no cell waits for an answer"
    reply({"say": f"answered {answered.rel}" if answered else none})
    reply.end(0 if answered else 1)


def several(waiting: Mapping[str, str], by: str = "--entry") -> WrongCommand:
    """What to say where an answer could be meant for more than one: what each asks, by its entry."""
    rows = "; ".join(f"in {rel} {asked}" for rel, asked in sorted(waiting.items()))
    return WrongCommand(f"several wait, and none was answered: say which is meant by {by} ({rows})")


def beside(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Look after one more thread of this journal."""
    if loop.beside is None:
        reply({"say": "a run is at work here, not a watch: 'nozzle watch' looks after all threads"})
        reply.end(1)
        return
    for desk in loop.desks.values():
        desk.keep_state()
    loop.beside(Path(args["folder"]), reply)


def doing(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """What runs and is due here, and which states are kept."""
    from nozzle.words.beside import rows

    kept = loop.tools.snapshots.rows() if loop.tools.snapshots else []
    titles = {cell.chain: cell.title for desk in loop.desks.values() for cell in desk.entry.cells}
    reply({
        "doing": rows(list(loop.desks.values())),
        "kept": [
            {
                "cell": titles.get(row.snapshot.cell, row.snapshot.cell[:8]), "chain": row.snapshot.cell,
                "age": row.age, "bytes": row.bytes, "saves": row.saves, "folder": str(row.snapshot.place.folder),
            }
            for row in kept
        ],
        "ready": [
            {"names": names, "bytes": size}
            for names, size in (loop.tools.snapshots.beginnings.rows() if loop.tools.snapshots else ())
        ],
    })  # fmt: skip
    reply.end()


def decide(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Answer a proposal of the doer's; where none stands, a replay that waits."""
    from nozzle.agents import Seat

    desks, word, id_ = _chosen(loop, args), str(args.get("answer", "")), str(args.get("id", ""))
    answered = None
    if say := PROPOSALS.get(word):
        seats = [desk.beside for desk in desks if isinstance(desk.beside, Seat)]
        there = [(seat.desk.rel, id_of) for seat in seats for id_of in seat.standing(id_, say)]
        asks = not id_ and word in REPLAYS
        waiting = [desk.rel for desk in desks if asks and desk.replay() and desk.rel not in dict(there)]
        if len(there) + len(waiting) > 1:
            proposed = {rel: "proposals " + ", ".join(name for at, name in there if at == rel) for rel, _ in there}
            raise several(proposed | dict.fromkeys(waiting, "a replay"), "--entry, or by the id of a proposal")
        answered = next((seat.desk for seat in seats if seat.answer(id_, say)), None)
    if answered is None and not id_ and word in REPLAYS:
        answered = _of_replay(desks, REPLAYS[word])
    kept = ", or no kernel that has been there" if word == "keep" else ""
    reply({"say": f"{answered.rel}: {word}" if answered else f"nothing waits for that answer{kept}"})
    reply.end(0 if answered else 1)


def _of_replay(desks: list[Desk], answer: Answer) -> Desk | None:
    """Answer the replay that waits; where none does, the one that `nozzle due` tells of."""
    if found := next((desk for desk in desks if desk.of_replay(answer)), None):
        return found
    told = [desk for desk in desks if desk.replay(asked=True)]
    if len(told) > 1:
        raise WrongCommand(f"a replay waits in {', '.join(desk.rel for desk in told)}: say which is meant by --entry")
    return next((desk for desk in told if desk.of_replay(answer, asked=True)), None)


def due(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """What would be done with each cell, were entries asked to run: the states that are kept here count."""
    for path in _paths(loop, args):
        with loop.telling(path):
            desk = loop.desk(path)
            rows = {row.cell.chain: (row.do, row.why, row.reason) for row in desk.were_asked()}
            reply({"entry": desk.rel, "rows": rows})
    reply.end()


def how(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """How the work is doing, with what runs now."""
    from nozzle.agents import Seat

    desks = _chosen(loop, args)
    desks = [desk for desk in desks if desk.run or _sent_off(desk)] or sorted(desks, key=lambda desk: desk.saved)[-1:]
    for desk in desks:
        if isinstance(desk.beside, Seat):
            said = desk.beside.questions.how()
            reply({"say": f"{desk.rel}: {said.text}\n\n{said.folded}"})
    if not desks:
        reply({"say": "no entry is open here"})
    reply.end(0 if desks else 1)


def _sent_off(desk: Desk) -> bool:
    """Whether a task of this entry goes on on a thread of its own."""
    from nozzle.agents import Seat

    return isinstance(desk.beside, Seat) and bool(desk.beside.errands.under_way)


def suggest(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Another program would have a cell run: it stands as a proposal."""
    from nozzle.agents import Conducted
    from nozzle.document.entry import LANGUAGES
    from nozzle.document.trajectory import hides

    source, language = str(args.get("source", "")), str(args.get("language", ""))
    if not source.strip() or len(source) > LONGEST or language not in LANGUAGES.values():
        raise WrongCommand(
            f"a cell has code, at most {LONGEST:,} characters, in {', '.join(sorted(set(LANGUAGES.values())))}"
        )
    if unseen := hides(f"{source}{args.get('reason', '')}"):
        raise WrongCommand(f"nothing was proposed: {unseen}")
    (path,) = _paths(loop, {"paths": [args.get("path")]})
    desk = loop.desk(path)
    assert isinstance(desk.beside, Conducted), "company() puts nobody else beside a desk"
    id_ = desk.beside.conductor.offers.suggest(source, language, str(args.get("reason", "")))
    reply({"say": f"proposal {id_} stands at the end of {desk.rel}: it runs when its author ticks it"})
    reply.end()


def resume(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """Run what a save would run."""
    from nozzle.words.counted import counted

    (path,) = _paths(loop, {"paths": [args.get("path")]})
    desk = loop.desk(path)
    why = desk.resume()
    due = len([row for row in desk.plan() if row.do == "due"])
    held = [f"{row.cell.title}: {row.reason}" for row in desk.plan() if row.do == "held"]
    reply({"say": why or "\n".join([f"{counted(due, 'cell')} {'runs' if due == 1 else 'run'}", *held])})
    reply.end(1 if why else 0)


def _chosen(loop: Loop, args: Mapping[str, Any]) -> list[Desk]:
    return [desk for path, desk in loop.desks.items() if args.get("path") in ("", None, str(path))]


PROPOSALS: Mapping[str, Word] = {"run": "run", "deny": "deny", "keep": "keep", "skip": "skip"}
REPLAYS: Mapping[str, Answer] = {"run": "again", "keep": "keep", "skip": "skip"}
WORDS: Mapping[str, Act] = {
    "run": run,
    "at work": at_work,
    "stop": stop,
    "answer": answer,
    "beside": beside,
    "doing": doing,
    "decide": decide,
    "due": due,
    "how": how,
    "suggest": suggest,
    "resume": resume,
    "prompt": prompt,
    "keep": keep,
}
