"""nozzle key: who signs here."""

from __future__ import annotations

import click


@click.group(name="key", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Show this machine's signing key; it is made at first use and never leaves this machine.

    Outputs are signed with it, so that 'nozzle verify --attest' can tell who made them.
    """
    if ctx.invoked_subcommand is None:
        from nozzle.settings import config_folder
        from nozzle.words.journal import my_name, my_signer

        signer = my_signer(config_folder(), lambda notice: click.echo(f"nozzle: {notice}", err=True))
        click.echo(signer.key(my_name()).line)
        click.echo(f"private half: {_where()}", err=True)
    return 0


def _where() -> str:
    """Where the private half lies."""
    from nozzle.keys import keeps_in_keyring
    from nozzle.settings import config_folder, personal

    config = config_folder()
    return "in this system's keyring" if keeps_in_keyring(personal(config).keyring) else str(config / "key")


@command.command()
@click.argument("line")
def add(line: str) -> int:
    """Trust the key in LINE (what 'nozzle key' printed on your other machine, or a file that holds it)."""
    from nozzle.keys import Trust, read_key
    from nozzle.settings import config_folder

    key = read_key(line)
    Trust(config_folder()).trust_key(key)
    click.echo(f"trusted: {key.id} {key.name}")
    return 0


@command.command()
@click.argument("key_id")
def forget(key_id: str) -> int:
    """Trust the key KEY_ID no longer."""
    from nozzle.errors import WrongCommand
    from nozzle.keys import Trust
    from nozzle.settings import config_folder

    trust = Trust(config_folder())
    key = trust.keys().get(key_id)
    if key is None:
        raise WrongCommand(f"no key {key_id} is trusted here; 'nozzle key list' shows which are")
    trust.forget_key(key.public)
    click.echo(f"no longer trusted: {key.id} {key.name}")
    return 0


@command.command(name="list")
def list_() -> int:
    """Show the keys that are trusted here, beside this machine's own."""
    from nozzle.keys import Trust
    from nozzle.settings import config_folder

    for key in Trust(config_folder()).keys().values():
        click.echo(f"{key.id} {key.name}")
    return 0
