"""The key of a model: from the environment, else from the system's keyring; in no file of ours."""

import sys
from types import ModuleType

import pytest

from nozzle.words.company import key


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring of this test's own."""
    held: dict[tuple[str, str], str] = {}
    ring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    ring.get_password = lambda service, name: held.get((service, name))  # type: ignore[attr-defined]
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return held


def test_the_keyring_has_it_where_the_environment_has_not(
    keyring: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring["nozzle", "MY_MODEL_KEY"] = "from the ring"
    assert key("MY_MODEL_KEY") == "from the ring"
    monkeypatch.setenv("MY_MODEL_KEY", "from the environment")
    assert key("MY_MODEL_KEY") == "from the environment"


def test_no_name_and_no_keyring_are_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert key("") == ""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert key("MY_MODEL_KEY") == ""


def test_a_keyring_that_is_locked_is_no_key(
    keyring: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(service: str, name: str) -> str:
        raise sys.modules["keyring.errors"].KeyringError("locked")

    monkeypatch.setattr(sys.modules["keyring"], "get_password", locked)
    assert key("MY_MODEL_KEY") == ""
