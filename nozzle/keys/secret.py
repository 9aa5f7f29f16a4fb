"""A provider's key in the system's keyring, under nozzle's name: read when it is needed, never kept."""


def secret(name: str) -> str:
    """What the keyring holds under `name` for the service `nozzle`; empty when there is none."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password("nozzle", name) or ""
    except KeyringError:
        return ""
