"""Settings: what is read from where, what is refused and in which words, and which files are entries."""

import contextlib
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.errors import Unreadable, WrongCommand
from nozzle.server import Server
from nozzle.settings import Settings, Site, config_folder, load, settings_digest


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOZZLE_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "repo").mkdir()
    return tmp_path / "repo"


def put(path: Path, text: str = "x\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(root: Path, settings: Settings) -> list[str]:
    return [path.relative_to(root).as_posix() for path in settings.entries_in(root)]


def test_no_file_means_the_defaults(root: Path) -> None:
    assert load(root) == Settings()


def test_every_setting_says_what_it_is_for() -> None:
    for table in (Settings, Site, Server):
        assert all(each.metadata["description"].endswith(".") for each in fields(table))


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().settle = 1.0  # type: ignore[misc]


def test_the_journals_file_is_read(root: Path) -> None:
    put(root / "nozzle.toml", 'journal = "./log/"\nentries = ["docs/*.md"]\nsettle = 1\n[site]\ntitle = "Ours"\n')
    settings = load(root)
    assert (settings.journal, settings.entries, settings.settle, settings.site.title) == (
        "log",
        ("docs/*.md",),
        1.0,
        "Ours",
    )


def test_pyproject_counts_only_without_nozzle_toml(root: Path) -> None:
    put(root / "pyproject.toml", "[tool.nozzle]\noutput_lines = 10\n")
    assert load(root).output_lines == 10
    put(root / "nozzle.toml", "")
    assert load(root).output_lines == 60


def test_a_pyproject_that_never_names_us_is_not_ours_to_judge(root: Path) -> None:
    put(root / "pyproject.toml", "[project\n")
    assert load(root) == Settings()


def test_personal_settings_go_on_top(root: Path) -> None:
    put(root / "nozzle.toml", 'run = "save"\nfollow = 5\n')
    put(config_folder() / "settings.toml", 'run = "ask"\n')
    assert (load(root).run, load(root).follow) == ("ask", 5)


def test_personal_settings_cannot_change_the_journal(root: Path) -> None:
    put(config_folder() / "settings.toml", '\njournal = "elsewhere"\n')
    with pytest.raises(WrongCommand, match=r"settings\.toml:2: journal belongs to the journal"):
        load(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\noutput_line = 3", "nozzle.toml:2: output_line is no setting: did you mean output_lines?"),
        ("output-lines = 3", "nozzle.toml:1: output-lines is no setting: did you mean output_lines?"),
        ('title = "x"', "nozzle.toml:1: title is no setting: did you mean site.title?"),
        ('[site]\nbaseurl = "x"', "nozzle.toml:2: site.baseurl is no setting: did you mean site.base_url?"),
        ("zzzzzzz = 1", "nozzle.toml:1: zzzzzzz is no setting; there are journal, entries, steps"),
        ('settle = "soon"', "nozzle.toml:1: settle: should be a valid number"),
        ("settle = true", "nozzle.toml:1: settle: should be a valid number"),
        ("settle = -1", "nozzle.toml:1: settle: should be greater than or equal to 0"),
        ("settle = nan", "nozzle.toml:1: settle: should be a finite number"),
        ('timeout = "1"', "nozzle.toml:1: timeout: should be a valid number"),
        ("timeout = 0", "nozzle.toml:1: timeout: should be greater than 0"),
        ("timeout = 1e12", "nozzle.toml:1: timeout: should be less than or equal to 2000000"),
        ("journal = 3", "nozzle.toml:1: journal: should be a valid string"),
        ('journal = "../x"', "nozzle.toml:1: journal: should be a path inside the repository"),
        ('journal = "a\\u0000b"', "nozzle.toml:1: journal: should be a path inside the repository"),
        ('entries = ["a\\u0000b"]', "nozzle.toml:1: entries: should be a path inside the repository"),
        ('journal = "*.md"', "nozzle.toml:1: journal: should be a folder; entries takes globs"),
        ('[site]\nbase_url = "javascript:x"', "nozzle.toml:2: site.base_url: should begin with https:// or http://"),
        ("quiet = 1e300", "nozzle.toml:1: quiet: should be less than or equal to 3600"),
        ("countdown = 1e300", "nozzle.toml:1: countdown: should be less than or equal to 1000000000"),
        ('journal = "/x"', "nozzle.toml:1: journal: should be a path inside the repository"),
        ("entries = [3]", "nozzle.toml:1: entries: should be a valid string"),
        ('entries = "x.md"', "nozzle.toml:1: entries: should be a list"),
        ('run = "always"', "nozzle.toml:1: run: should be 'save', 'ask' or 'never'"),
        ("output_lines = 1.5", "nozzle.toml:1: output_lines: should be a valid integer"),
        ("site = 3", "nozzle.toml:1: site: should be a table"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(root: Path, text: str, message: str) -> None:
    put(root / "nozzle.toml", text)
    with pytest.raises(WrongCommand) as caught:
        load(root)
    assert message in str(caught.value)


def test_the_line_is_found_in_a_pyproject_with_other_tables(root: Path) -> None:
    put(root / "pyproject.toml", "[tool.other]\nrnu = 1\n\n[tool.nozzle]\nrnu = 1\n[tool.nozzle.site]\n")
    with pytest.raises(WrongCommand, match=r"pyproject\.toml:5: rnu is no setting: did you mean run\?"):
        load(root)


def test_a_wrong_value_is_never_repeated(root: Path) -> None:
    put(root / "nozzle.toml", 'settle = "hunter2hunter2"\n')
    with pytest.raises(WrongCommand) as caught:
        load(root)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", [b"run = ", b"\xff\xfe", b"run = 1\nrun = 2\n"])
def test_a_file_that_is_no_toml_is_named(root: Path, content: bytes) -> None:
    (root / "nozzle.toml").write_bytes(content)
    with pytest.raises(Unreadable, match=r"nozzle\.toml"):
        load(root)


def test_a_folder_in_its_place_is_named(root: Path) -> None:
    (root / "nozzle.toml").mkdir()
    with pytest.raises(Unreadable, match=r"nozzle\.toml: is a directory"):
        load(root)


def test_tool_nozzle_must_be_a_table(root: Path) -> None:
    put(root / "pyproject.toml", "[tool]\nnozzle = 3\n")
    with pytest.raises(WrongCommand, match=r"tool\.nozzle should be a table"):
        load(root)


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / "nozzle.toml").write_bytes(content)
    with contextlib.suppress(WrongCommand, Unreadable):
        assert load(root, root)


LITERALS = st.sampled_from(
    ["1", "-1", "0.5", "nan", "true", '"save"', '"x"', "[]", '["a/*.md", 3]', "{}", "{title = 1}"]
)
ODD_NAMES = ["setle", "base-url", '"a.b"', '""', '"\\u001b[31m"', "site.title", "x.y"]
NAMES = st.sampled_from([*(each.name for each in fields(Settings)), *ODD_NAMES])


@given(st.dictionaries(NAMES, LITERALS, max_size=3))
def test_any_keys_and_values_are_settings_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, str]
) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / "nozzle.toml").write_text("".join(f"{name} = {value}\n" for name, value in table.items()))
    try:
        assert isinstance(load(root, root), Settings)
    except (WrongCommand, Unreadable) as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()


def test_the_digest_is_of_what_is_said(root: Path) -> None:
    assert settings_digest(root) == ""
    put(root / "nozzle.toml", 'run = "ask"\nsettle = 1\n')
    first = settings_digest(root)
    put(root / "nozzle.toml", '# a comment\nsettle = 1\nrun   = "ask"\n')
    assert settings_digest(root) == first != ""
    put(root / "nozzle.toml", 'run = "never"\nsettle = 1\n')
    assert settings_digest(root) != first


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"NOZZLE_HOME": "/n", "XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/n"),
        ({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/x/nozzle"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}, "/h/.config/nozzle"),
        ({"NOZZLE_HOME": "", "HOME": "/h"}, "/h/.config/nozzle"),
        ({"NOZZLE_HOME": "~/n", "HOME": "/h"}, "/h/n"),
    ],
)
def test_the_config_folder(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], folder: str) -> None:
    for name in ("NOZZLE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert config_folder() == Path(folder)


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("README.md", True),
        ("docs/README.md", False),
        ("other.md", False),
        ("journal/a.md", True),
        ("journal/2026/11/a b.md", True),
        ("journal/a.MD", False),
        ("journal/a.txt", False),
        ("journalist/a.md", False),
        ("journal/_out/a.md", False),
        ("journal/x/_out/y/a.md", False),
        ("journal/.hidden/a.md", False),
        ("journal/.a.md.swp.md", False),
        (".nozzle/journal/a.md", False),
        ("journal/node_modules/p/README.md", False),
        ("site/journal/a.md", False),
        ("journal/site/a.md", True),
        ("notes/deep/a.md", True),
        ("docs/one.txt", True),
        ("docs/sub/two.txt", False),
        ("lab/x/y/z.md", True),
        ("lab/z.md", True),
        ("../journal/a.md", False),
        ("all/nozzle.toml", False),
        ("all/LICENSE", True),
        ("", False),
    ],
)
def test_what_is_an_entry(path: str, is_one: bool) -> None:
    assert Settings(entries=("notes", "docs/*.txt", "lab/**/z.md", "all/*")).is_entry(path) is is_one


def test_entries_are_found_sorted_and_once(root: Path) -> None:
    for name in ("README.md", "journal/b.md", "journal/a/z.md", "journal/_out/n.md", "docs/d.md", "top.md"):
        put(root / name)
    put(root / "site/journal/b.md")
    settings = Settings(entries=("docs/**", "journal/b.md", "docs", "*.md"))
    assert names(root, settings) == ["README.md", "docs/d.md", "journal/a/z.md", "journal/b.md", "top.md"]


def test_a_journal_at_the_root(root: Path) -> None:
    for name in ("README.md", "a.md", "x/b.md", "site/c.md", ".git/d.md"):
        put(root / name)
    put(root / "nozzle.toml", 'journal = "."\n')
    assert names(root, load(root)) == ["README.md", "a.md", "x/b.md"]


def test_an_empty_repository_has_no_entries(root: Path) -> None:
    assert Settings().entries_in(root) == []


def test_links_in_circles_do_no_harm(root: Path) -> None:
    put(root / "journal/a.md")
    (root / "journal/around").symlink_to(root / "journal")
    (root / "journal/self.md").symlink_to("self.md")
    (root / "journal/gone.md").symlink_to("nowhere.md")
    (root / "journal/again.md").symlink_to("a.md")
    put(root / "elsewhere/far.txt")
    (root / "journal/far.md").symlink_to(root / "elsewhere/far.txt")
    (root / "journal/folder.md").mkdir()
    assert names(root, Settings()) == ["journal/a.md", "journal/far.md"]


def test_a_journal_that_is_a_link_is_said(root: Path) -> None:
    put(root / "true/a.md")
    (root / "journal").symlink_to("true")
    with pytest.raises(Unreadable, match="journal: a symbolic link"):
        Settings().entries_in(root)


@given(st.lists(st.sampled_from(["journal", "a.md", "README.md", "_out", "x", "site", ".h"]), min_size=1, max_size=4))
def test_finding_and_asking_agree(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    root = tmp_path_factory.mktemp("repo")
    path = put(root.joinpath(*parts))
    settings = Settings(entries=("x/*", "a.md"))
    assert (settings.entries_in(root) == [path]) is settings.is_entry("/".join(parts))
