"""What OpenWebUI and ChatGPT write when a person asks for their chats, as conversations.

Both keep a chat as a tree, because an answer can be asked for again; the branch that was last shown is the talk. A
file that breaks off is read as far as it goes, turns that no longer hang together are put in order by their times, and
both are said. Files are long: one chat is decoded at a time. A third shape is read too, a bare list of messages with
`role` and `content`, since many programs write it.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nozzle.document.talk.turn import Conversation, Turn
from nozzle.errors import Unreadable

_SPACE = re.compile(r"[\s,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_THOUGHT = re.compile(r"<details\b[^>]*>\s*<summary>(.*?)</summary>\s*(.*?)</details>", re.S)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?(Z|[+-]\d\d:?\d\d)?")
_THINKING, _RESPONDING = "THINKING:\n\n", "RESPONDING\n"
_CITED = re.compile("[ ]*(?:\ue200([^\ue200\ue201]*)\ue201|【[0-9:]+†[^】\n]*】)")
"""Marks in what ChatGPT says, which its page shows as links to what it read."""
_NAMED = re.compile(r"\[[^\[\]\n]+\]")
"""A part that is no text, by its name."""
_AUTHORS = ("user", "human")


def conversations(text: str) -> Iterator[Conversation]:
    """Every chat in an export, in its order. Raises Unreadable, with the place, for what is none."""
    found = False
    loose: list[Mapping[str, Any]] = []
    for value, note in _values(text):
        if isinstance(value, dict) and "role" in value and "content" in value:
            loose.append(value)  # a list of messages, not of chats
            continue
        for chat in _chats(value):
            conversation = _conversation(chat, note)
            found = found or bool(conversation.turns)
            if conversation.turns:
                yield conversation
    if loose and (conversation := _conversation({"messages": loose}, "")).turns:
        found = True
        yield conversation
    if not found:
        raise Unreadable(
            "no chat is in it: expected an export of OpenWebUI or ChatGPT, a list of chats with their messages"
        )


def _values(text: str) -> Iterator[tuple[Any, str]]:
    """The values of the outermost list, one at a time, each with what was wrong with it; or the one value there is."""
    decoder = json.JSONDecoder()
    at = _SPACE.match(text.removeprefix("\ufeff"))
    text = text.removeprefix("\ufeff")
    place = at.end() if at else 0
    if text[place : place + 1] != "[":
        yield _decoded(decoder, text, place)[::2]
        return
    place += 1
    while True:
        place = _next(text, place)
        if place >= len(text) or text[place] == "]":
            return
        value, place, note = _decoded(decoder, text, place)
        yield value, note


def _next(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _decoded(decoder: json.JSONDecoder, text: str, place: int) -> tuple[Any, int, str]:
    """The value that begins at a place, where it ends, and what was wrong; a file that breaks off ends in it."""
    try:
        value, end = decoder.raw_decode(text, place)
    except json.JSONDecodeError as error:
        line = text.count("\n", 0, error.pos) + 1
        repaired = _closed(text[place:])
        if repaired is None:
            raise Unreadable(f"line {line}: no JSON: {error.msg.lower()}; export the chat again") from None
        return repaired, len(text), f"the file breaks off at character {len(text):,}; what stands before is kept"
    except RecursionError:
        raise Unreadable("it is nested too deeply to be an export") from None
    else:
        return value, end, ""


def _closed(text: str) -> Any:
    """A value that breaks off, up to its last whole part, with what was open closed; None when that is no value."""
    open_ends: list[str] = []
    safe, ends = 0, ""
    last = ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "[{":
            open_ends.append("]" if sign == "[" else "}")
            safe, ends = token.end(), "".join(reversed(open_ends))
        elif sign in "]}":
            if not open_ends or open_ends.pop() != sign:
                return None
            safe, ends = token.end(), "".join(reversed(open_ends))
        elif sign == "," and open_ends:
            safe, ends = token.start(), "".join(reversed(open_ends))
        last = sign
    if not last or safe == len(text):
        return None
    try:
        return json.loads(text[:safe] + ends)
    except (json.JSONDecodeError, RecursionError):
        return None


def _chats(value: Any) -> Iterator[Mapping[str, Any]]:
    """The chats in a value: itself, those in a list or under a name that holds a list, or loose messages."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and "role" in item for item in value):
            yield {"messages": value}
            return
        for item in value:
            yield from _chats(item)
    elif isinstance(value, dict):
        if _has_messages(value) or _has_messages(value.get("chat")):
            yield value
        else:
            for inner in ("conversations", "chats", "data"):
                if isinstance(value.get(inner), list):
                    yield from _chats(value[inner])


def _has_messages(chat: Any) -> bool:
    return isinstance(chat, dict) and any(name in chat for name in ("mapping", "messages", "history"))


def _conversation(value: Mapping[str, Any], note: str) -> Conversation:
    inner = value["chat"] if _has_messages(value.get("chat")) else value
    messages, disorder = _messages(inner)
    turns = [turn for message in messages for turn in _turn(message)]
    title = str(value.get("title") or inner.get("title") or "").strip() or "A conversation"
    began = next((time for message in messages if (time := _time(message))), 0.0) or _number(value, "create_time")
    began = began or _number(value, "created_at")
    unread = sum(_unread(message) for message in messages if any(True for _ in _turn(message)))
    many = "a part that is" if unread == 1 else f"{unread:,} parts that are"
    pictures = f"left out: {many} no text, such as a picture; named in brackets there" if unread else ""
    notes = tuple(filter(None, (note, disorder, pictures)))
    return Conversation(title, tuple(_merged(turns)), _day(began), notes)


def _messages(chat: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], str]:
    """The messages of the branch last shown, oldest first, and what was wrong with their order."""
    history = chat.get("history")
    if isinstance(chat.get("mapping"), dict):
        nodes, now = chat["mapping"], chat.get("current_node")
        return _branch(nodes, now, "parent", lambda node: node.get("message"))
    if isinstance(history, dict) and isinstance(history.get("messages"), dict) and history["messages"]:
        return _branch(history["messages"], history.get("currentId"), "parentId", lambda node: node)
    listed = _dicts(chat.get("messages") or [])
    times = [_time(message) for message in listed]
    if all(times) and times != sorted(times):
        return _by_time(listed), "its turns were out of order; they stand by their times"
    return listed, ""


def _branch(nodes: Mapping[str, Any], now: Any, parent: str, message: Any) -> tuple[list[Mapping[str, Any]], str]:
    """From the last node up to the root; when that way is broken, all messages by their times."""
    found: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    here = now if isinstance(now, str) and now in nodes else next(reversed(list(nodes)), None)
    broken = False
    while isinstance(here, str) and not broken:
        node = nodes.get(here)
        if here in seen or not isinstance(node, dict):
            broken = True
            break
        seen.add(here)
        if isinstance(said := message(node), dict):
            found.append(said)
        here = node.get(parent)
    if not broken:
        left = sum(
            any(True for _ in _turn(said))
            for name, node in nodes.items()
            if name not in seen and isinstance(node, dict) and isinstance(said := message(node), dict)
        )
        many = "a message" if left == 1 else f"{left:,} messages"
        return found[::-1], f"left out: {many} off the branch that was shown last" if left else ""
    loose = [said for node in nodes.values() if isinstance(node, dict) and isinstance(said := message(node), dict)]
    return _by_time(loose), "its turns did not hang together; they stand by their times"


def _by_time(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """In the order of their times; one without a time stays behind the one it came after."""
    times: list[float] = []
    for message in messages:
        times.append(_time(message) or (times[-1] if times else 0.0))
    return [messages[at] for at in sorted(range(len(messages)), key=times.__getitem__)]


def _turn(message: Mapping[str, Any]) -> Iterator[Turn]:
    meta = message.get("metadata")
    facts: Mapping[str, Any] = meta if isinstance(meta, dict) else {}
    author = message.get("author")
    role = str(message.get("role") or (author.get("role") if isinstance(author, dict) else "") or "")
    if role == "system" or facts.get("is_visually_hidden_from_conversation"):
        return
    said = _thoughts(_content(message.get("content")))
    text = "\n\n".join(filter(None, (*_files(message), said)))
    if not text.strip():
        return
    if role in _AUTHORS:
        yield Turn("author", text)
    else:
        by = message.get("model") or facts.get("model_slug") or message.get("modelName") or role or "machine"
        yield Turn("machine", _CITED.sub(_named, text), str(by))


def _content(content: Any) -> str:
    """The words of a message, whatever it keeps them in; what is no text is named in brackets."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n\n".join(filter(None, map(_content, content)))
    if not isinstance(content, dict):
        return ""
    kind = str(content.get("content_type") or content.get("type") or "text")
    if isinstance(content.get("parts"), list):
        return _content(content["parts"])
    if isinstance(content.get("thoughts"), list):
        return _THINKING + _content([thought.get("content") for thought in _dicts(content["thoughts"])])
    if kind == "reasoning_recap":
        return _THINKING + str(content.get("content") or "")
    if isinstance(text := content.get("text") or content.get("content") or content.get("result"), str):
        return f"```{content.get('language') or ''}\n{text}\n```" if kind in ("code", "execution_output") else text
    return f"[{kind.replace('_', ' ')}]" if kind != "text" else ""


def _named(mark: re.Match[str]) -> str:
    """What a mark of ChatGPT's shows in words: the name of a thing, the words of a link; of a citation nothing."""
    kind, *rest = (mark[1] or "").split("\ue202")
    name = re.fullmatch(r'\["[^"]*","([^"]*)".*\]', rest[0], re.S) if kind == "entity" and rest else None
    words = name[1] if name else rest[0] if kind == "url" and rest else ""
    return f"{mark[0][: len(mark[0]) - len(mark[0].lstrip(' '))]}{words}" if words else ""


def _files(message: Mapping[str, Any]) -> list[str]:
    """What OpenWebUI keeps beside the words of a message, each named in brackets."""
    files = message.get("files")
    names = [
        ("image" if file.get("type") == "image" else "file", re.sub(r"[\[\]\s]+", " ", str(file.get("name") or "")))
        for file in _dicts(files if isinstance(files, list) else [])
    ]
    return [f"[{kind}: {name.strip()[:80]}]" if name.strip() else f"[{kind}]" for kind, name in names]


def _unread(message: Mapping[str, Any]) -> int:
    """How many parts of a message are no text."""

    def count(content: Any) -> int:
        if isinstance(content, list):
            return sum(map(count, content))
        if isinstance(content, dict) and isinstance(content.get("parts"), list):
            return count(content["parts"])
        return int(isinstance(content, dict) and _NAMED.fullmatch(_content(content)) is not None)

    return len(_files(message)) + count(message.get("content"))


def _dicts(values: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, dict)]


def _thoughts(text: str) -> str:
    """OpenWebUI folds a model's thoughts into HTML, escaped and quoted; here they are plain text under a name."""

    def plain(match: re.Match[str]) -> str:
        rows = html.unescape(match[2]).strip().split("\n")
        return _THINKING + "\n".join(re.sub(r"^> ?", "", row) for row in rows) + f"\n\n{_RESPONDING}"

    return _THOUGHT.sub(plain, text) if "<details" in text else text


def _merged(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Turns of one voice that follow each other, as one; a reply that follows thoughts is told apart from them."""
    held: Turn | None = None
    thought = False
    for turn in turns:
        before, thought = thought, _thinks(turn)
        if held and (held.who, held.by) == (turn.who, turn.by):
            said = turn.text.removeprefix(_THINKING) if before and thought else turn.text
            parted = f"{_RESPONDING}\n" if before and not thought else ""
            held = Turn(held.who, f"{held.text.rstrip()}\n\n{parted}{said}", held.by)
            continue
        if held:
            yield held
        held = turn
    if held:
        yield held


def _thinks(turn: Turn) -> bool:
    """Whether a turn is a machine's thoughts, without a reply."""
    return turn.who == "machine" and turn.text.startswith(_THINKING) and _RESPONDING not in turn.text


def _time(message: Mapping[str, Any]) -> float:
    return _number(message, "create_time") or _number(message, "timestamp") or _number(message, "created_at")


def _number(value: Mapping[str, Any], name: str) -> float:
    """A time in seconds; exports have it as a number, in milliseconds or nanoseconds too, or in words."""
    held = value.get(name)
    if isinstance(held, str):
        return _moment(held)
    if isinstance(held, bool) or not isinstance(held, int | float) or held != held or held <= 0:
        return 0.0
    while held > 1e11:
        held /= 1000
    return float(held)


def _moment(words: str) -> float:
    """Seconds since 1970 of an ISO time; 0.0 when it is none.

    >>> _moment("2025-11-13T02:13:20Z"), _moment("2025-11-13T04:13:20+02:00"), _moment("yesterday")
    (1763000000.0, 1763000000.0, 0.0)
    """
    found = _ISO.fullmatch(words.strip())
    if found is None:
        return 0.0
    year, month, day, hour, minute = (int(found[at]) for at in range(1, 6))
    offset = 0
    if found[7] and found[7] != "Z":
        offset = (int(found[7][1:3]) * 60 + int(found[7][-2:])) * (-1 if found[7][0] == "-" else 1)
    return _days(year, month, day) * 86400.0 + hour * 3600 + (minute - offset) * 60 + float(found[6] or 0)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that February's end is a year's end."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _day(seconds: float) -> str:
    """The day of a moment, ISO, in UTC.

    >>> _day(1763000000.0), _day(951782400.0), _day(0.0)
    ('2025-11-13', '2000-02-29', '')
    """
    if not seconds or seconds > 2.5e11:
        return ""
    era, of_era = divmod(int(seconds // 86400) + 719468, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return f"{year + era * 400 + (month <= 2):04}-{month:02}-{day:02}"
