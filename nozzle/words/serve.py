"""nozzle serve: the site on this machine."""

from __future__ import annotations

import threading

import click


@click.command(name="serve")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where; a free port by default.")
def command(port: int) -> int:
    """Look at the journal in a browser, at 127.0.0.1 and nowhere else, until Ctrl-C; drafts are shown too.

    The link holds a token; nobody without it is answered. 'nozzle watch' shows the same page and follows every save.
    """
    from nozzle.words.journal import journal
    from nozzle.words.live import showing
    from nozzle.words.signals import on_signals

    stopped = threading.Event()
    with journal() as here, showing(here, port) as shown, on_signals(lambda who: stopped.set()):
        click.echo(f"{shown.url}  (Ctrl-C stops)")
        stopped.wait()
        click.echo()
    return 0
