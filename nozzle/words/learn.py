"""nozzle learn: what models were asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

SMALLEST = 1024
"""Tokens from which on providers cache a beginning; some do from fewer."""


@click.group(name="learn")
def command() -> None:
    """Look at what models were asked and answered: every call is a line in .nozzle/traces.jsonl.

    Those of threads that were forked here too: the file is the first folder's, and stays when a thread goes.
    """


@command.command(name="traces")
@click.option("-n", "count", type=click.IntRange(1), default=20, show_default=True, help="How many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="The spans as they are, one JSON object a line.")
def traces(count: int, as_json: bool) -> int:
    """List calls, newest last: when, for what, which model, tokens sent, cached and received, dollars.

    A call that begins like an earlier one, and of which the provider's cache had nothing, is marked with a '!': it
    should have been cached, and was not.
    """
    from nozzle.lm.trace import read
    from nozzle.words.journal import journal

    with journal() as here:
        here.bring_traces()
        spans = list(read(here.traces))[-count:]
    for line in map(json.dumps, spans) if as_json else _table(spans):
        click.echo(line)
    if not spans and not as_json:
        click.echo("no model was asked here")
    return 0


def _table(spans: list[dict[str, Any]]) -> Iterator[str]:
    sent = cached = received = 0
    dollars = 0.0
    missed: dict[str, int] = {}
    for span in spans:
        facts = span["attributes"]
        sent += _count(facts, "input_tokens")
        cached += _count(facts, "cache_read.input_tokens")
        received += _count(facts, "output_tokens")
        dollars += float(facts.get("nozzle.cost.usd", 0.0))
        if _missed(facts):
            model = str(facts.get("gen_ai.request.model", ""))
            missed[model] = missed.get(model, 0) + 1
        yield _line(span)
    if spans:
        yield f"{sent:,} tokens sent, {cached:,} of them cached, {received:,} received" + _dollars(dollars)
    for model, times in missed.items():
        yield f"! {model} cached nothing in {times} calls that begin like an earlier one"


def as_row(span: Mapping[str, Any]) -> dict[str, Any]:
    """One call, in figures: tokens `sent`, of which the provider had `cached`; `dollars` is 0 where no price is known.

    `missed`: it should have been cached, and was not. `failed`: why there was no answer. `estimated`: nobody has
    counted the tokens, and they stand for characters.
    """
    facts = span["attributes"]
    failed = f"{facts.get('error.type', '')}: {span['status'].get('message', '')[:80]}"
    return {
        "when": datetime.fromtimestamp(int(span["startTimeUnixNano"]) / 1e9).isoformat(" ", "seconds"),
        "what": str(facts.get("nozzle.signature", "")),
        "model": str(facts.get("gen_ai.request.model", "")),
        "sent": _count(facts, "input_tokens"),
        "cached": _count(facts, "cache_read.input_tokens"),
        "back": _count(facts, "output_tokens"),
        "seconds": (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9,
        "dollars": float(facts.get("nozzle.cost.usd", 0.0)),
        "missed": _missed(facts),
        "estimated": bool(facts.get("nozzle.usage.estimated")),
        "failed": failed if span["status"].get("code") == 2 else "",
    }


def _line(span: Mapping[str, Any]) -> str:
    row = as_row(span)
    head = f"{row['when']}  {row['what']:<8} {row['model']}"
    mark = "  !" if row["missed"] else ""
    share = f" ({row['cached'] / row['sent']:.0%})" if row["sent"] else ""
    tokens = f"{row['sent']} sent, {row['cached']} cached{share}, {row['back']} back"
    tokens = f"about {row['sent']} sent, {row['back']} back (not counted there)" if row["estimated"] else tokens
    cost = f"{tokens}, {row['seconds']:.1f} s{_dollars(row['dollars'])}{mark}"
    if row["failed"]:
        return f"{head}  failed: {row['failed']}{f'; {cost}' if row['sent'] or row['back'] else ''}"
    return f"{head}  {cost}"


def _missed(facts: Mapping[str, Any]) -> bool:
    from nozzle.lm.model import TOKEN

    expected = int(facts.get("nozzle.expected.characters", 0)) // TOKEN
    answered = "gen_ai.usage.input_tokens" in facts and not facts.get("nozzle.usage.estimated")
    return bool(answered and expected >= SMALLEST and not _count(facts, "cache_read.input_tokens"))


def _count(facts: Mapping[str, Any], name: str) -> int:
    found = facts.get(f"gen_ai.usage.{name}", 0)
    return found if isinstance(found, int) else 0  # what a server of another kind counted is no count


def _dollars(amount: float) -> str:
    return f", ${amount:.4f}" if amount else ""
