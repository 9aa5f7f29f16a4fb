"""The signing key: made once, kept private, mended when open, never made over one that cannot be read."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nozzle.errors import Unreadable, Unwritable
from nozzle.keys import my_key, verify
from nozzle.keys.folder import locked
from nozzle.keys.signer import my_public

MINE = "import sys; from pathlib import Path; from nozzle.keys import my_key; print(my_key(Path(sys.argv[1])).id)"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    config = tmp_path / "deep" / "config"
    assert my_public(config) is None
    assert not config.exists()
    signer = my_key(config)
    assert (mode(config), mode(config / "key")) == (0o700, 0o600)
    assert verify(signer.public, b"hello", my_key(config).sign(b"hello"))
    assert my_public(config) == signer.public
    assert signer.notices == ()


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MINE, str(tmp_path / "config")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {process.communicate()[0] for process in started}
    assert ids == {my_key(tmp_path / "config").id + "\n"}
    assert sorted(path.name for path in (tmp_path / "config").iterdir()) == ["key", "lock"]


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open; descriptors that close while we look are none."""
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if os.readlink(link) == str(path.resolve()):
                return True
    return False


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="sees through /proc that the other process waits")
def test_a_key_that_another_process_made_meanwhile_is_taken(tmp_path: Path) -> None:
    config, other = tmp_path / "config", my_key(tmp_path / "other")
    with locked(config):
        waiting = subprocess.Popen([sys.executable, "-c", MINE, str(config)], stdout=subprocess.PIPE, text=True)
        while not has_open(waiting.pid, config / "lock"):
            assert waiting.poll() is None
        shutil.copyfile(tmp_path / "other/key", config / "key")
    assert waiting.communicate()[0] == f"{other.id}\n"


def test_nothing_shows_the_private_key(tmp_path: Path) -> None:
    signer = my_key(tmp_path)
    assert repr(signer) == f"Signer(id='{signer.id}')"
    assert str(signer) == repr(signer)


def test_an_open_key_is_closed_and_said_once(tmp_path: Path) -> None:
    my_key(tmp_path)
    (tmp_path / "key").chmod(0o644)
    (notice,) = my_key(tmp_path).notices
    assert "others could read your signing key: closed" in notice
    assert mode(tmp_path / "key") == 0o600
    assert my_key(tmp_path).notices == ()


def test_a_folder_that_others_write_to_is_said_and_left(tmp_path: Path) -> None:
    my_key(tmp_path)
    tmp_path.chmod(0o777)
    (notice,) = my_key(tmp_path).notices
    assert "chmod 700" in notice
    assert mode(tmp_path) == 0o777


RSA = """
import sys
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
key = generate_private_key(65537, 2048)
sys.stdout.buffer.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
"""


@pytest.mark.parametrize("broken", ["empty", "half", "noise", "rsa"])
def test_a_broken_key_is_named_and_kept(tmp_path: Path, broken: str) -> None:
    my_key(tmp_path)
    path = tmp_path / "key"
    pem = path.read_bytes()
    rsa = (
        subprocess.run([sys.executable, "-c", RSA], capture_output=True, check=True).stdout if broken == "rsa" else b""
    )
    content = {"empty": b"", "half": pem[: len(pem) // 2], "noise": os.urandom(99), "rsa": rsa}[broken]
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="key: holds no Ed25519 key") as caught:
        my_key(tmp_path)
    assert path.read_bytes() == content
    assert pem.decode().split("\n")[1] not in str(caught.value)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(Unreadable, match="key: is a directory"):
        my_key(tmp_path)


def test_a_config_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for config in (tmp_path / "file", tmp_path / "file" / "config", Path("/proc/nozzle")):
        with pytest.raises(Unwritable, match="set NOZZLE_HOME"):
            my_key(config)


def test_a_key_in_a_folder_that_is_only_read_still_signs(tmp_path: Path) -> None:
    signer = my_key(tmp_path)
    tmp_path.chmod(0o500)
    try:
        assert my_key(tmp_path).id == signer.id
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_says_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unwritable, match="permission denied: nozzle keeps its key"):
            my_key(tmp_path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_key_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    my_key(tmp_path)
    (tmp_path / "key").chmod(0)
    with pytest.raises(Unreadable, match="key: permission denied"):
        my_key(tmp_path)


def test_a_key_behind_a_link_stays_there(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/key").symlink_to(tmp_path / "dotfiles-key")
    signer = my_key(tmp_path / "config")
    assert (tmp_path / "config/key").is_symlink()
    assert mode(tmp_path / "dotfiles-key") == 0o600
    assert my_key(tmp_path / "config").id == signer.id


def test_a_keyring_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With the extra installed, this backend is the one that never answers.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("NOZZLE_KEYRING", "1")
    done = subprocess.run([sys.executable, "-c", MINE, str(tmp_path)], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith("nozzle.errors.Missing: the ")
    assert "NOZZLE_KEYRING=0" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "key").exists()


BACKEND = """
import json
from pathlib import Path
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1
    file = Path(__file__).with_name("vault")

    def get_password(self, service, username):
        return json.loads(self.file.read_text())[service + username] if self.file.exists() else None

    def set_password(self, service, username, password):
        self.file.write_text(json.dumps({service + username: password}))
"""

TALK = """
import sys
from pathlib import Path
from nozzle.keys import my_key, Trust
signer = my_key(Path(sys.argv[1]), keyring=True)
print(signer.id, Trust(Path(sys.argv[1]), keyring=True).trusts_key(signer.public), len(signer.notices))
"""


def test_the_key_moves_into_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keyring")
    (tmp_path / "vault_backend.py").write_text(BACKEND)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "vault_backend.Keyring")
    config = tmp_path / "config"
    mine = my_key(config)
    command = [sys.executable, "-c", TALK, str(config)]
    assert subprocess.check_output(command, text=True) == f"{mine.id} True 1\n"
    (config / "key").unlink()
    assert subprocess.check_output(command, text=True) == f"{mine.id} True 0\n"
    assert not (config / "key").exists()
