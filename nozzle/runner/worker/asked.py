"""What a cell with `cache: true` is told of files by their names: whether there is one, of what kind, when it changed.

No audit hook sees such a question. So while that cell runs, the functions of `os` that answer it are others, which
remember it: `os.path`, `glob`, `pathlib` and `shutil` all ask through them.
"""

from __future__ import annotations

import os
import stat
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

ASKED = {getattr(os, name): name for name in ("stat", "lstat", "access", "readlink")}
"""The functions as Python made them."""
KINDS = {
    "exists", "lexists", "isfile", "isdir", "islink", "ismount", "is_file", "is_dir", "is_symlink", "is_mount",
    "realpath", "_joinrealpath", "resolve", "select_exists",
}  # fmt: skip
"""Functions of Python that ask for more than they tell: whether there is a file, and of what kind."""
ANYWAY = {"makedirs", "mkdir"}
"""After these it is there, whatever they were told."""
ON_THE_WAY = {"os", "posixpath", "genericpath", "pathlib", "glob"}
"""Modules by which others ask."""
MACHINERY = os.path.join(os.path.dirname(__file__), "")
FOLDER = str(stat.S_IFDIR)
MOST = 10_000
"""Answers remembered of one cell."""


class Asked:
    """The answers that one cell was given."""

    def __init__(self, names: Callable[[Any, Any], list[str]], is_library: Callable[[str], bool]) -> None:
        """`names`: the absolute name, in a list, of a path and the descriptor of a folder; none if it is nobody's.
        `is_library`: whether the code of a file is no author's."""
        self._names, self._is_library = names, is_library
        self.answers: dict[tuple[str, str], str] = {}
        """By question and name."""
        self.own: set[tuple[str, str]] = set()
        """What was asked by code that is no library's."""
        self._on = False
        self._members: list[tuple[type, str, Any]] = []
        """Of classes that hold one of the functions: what they held."""

    def begin(self, modules: Iterable[types.ModuleType]) -> None:
        """Forget the last cell; in these modules, and for all who ask through `os`, the functions are others now."""
        self.answers, self.own, self._on = {}, set(), True
        others = {original: _Asking(self, name, original) for original, name in ASKED.items()}
        ours = [*modules, *(sys.modules[name] for name in sorted(ON_THE_WAY & set(sys.modules)))]
        for names in map(_held, ours):
            for name, value in list(names.items()):
                if type(value) is types.BuiltinFunctionType and value in others:
                    names[name] = others[value]
                elif issubclass(type(value), type):  # `isinstance` would ask a lazy value for its class
                    self._members += [(value, *each) for each in vars(value).items() if _plain(each[1]) in others]
        for owner, name, value in self._members:
            type.__setattr__(owner, name, others[_plain(value)])

    def end(self) -> None:
        """Every module has the functions back that Python made, those too that were loaded since; what else took one of
        the others meanwhile has one that remembers no more."""
        if not self._on:
            return
        self._on = False
        for owner, name, value in self._members:
            type.__setattr__(owner, name, value)
        self._members = []
        for names in [_held(each) for each in list(sys.modules.values()) if isinstance(each, types.ModuleType)]:
            for name, value in list(names.items()):
                if type(value) is _Asking:
                    names[name] = value.original

    def note(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Somebody asks."""
        if not self._on or len(self.answers) > MOST:
            return
        asker, passed = _asker(sys._getframe(2))
        if asker.startswith(MACHINERY) or not passed.isdisjoint(ANYWAY):
            return
        given = dict(zip(("path", "mode"), arguments, strict=False)) | options
        if name == "stat" and not given.get("follow_symlinks", True):
            name = "lstat"
        if name == "access":
            name = f"access {given.get('mode')}"
        elif name != "readlink" and not passed.isdisjoint(KINDS):
            name += " kind"
        for each in self._names(given.get("path"), given.get("dir_fd")):
            self._keep(name, each, self._is_library(asker))

    def _keep(self, question: str, path: str, by_library: bool) -> None:
        """When a folder changed is what libraries ask to know whether to list it again."""
        if by_library and question in ("stat", "lstat") and answer(f"{question} kind", path) == FOLDER:
            question += " kind"
        if (question, path) not in self.answers:
            self.answers[question, path] = answer(question, path)
        if not by_library:
            self.own.add((question, path))


class _Asking:
    """One of the functions, but that it remembers. It is equal to that: libraries look it up in `os.supports_fd`."""

    def __init__(self, asked: Asked, name: str, original: Callable[..., Any]) -> None:
        self.original = original
        self._asked, self._name = asked, name
        self.__name__ = self.__qualname__ = name
        self.__doc__ = original.__doc__

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self._asked.note(self._name, arguments, options)
        return self.original(*arguments, **options)

    def __eq__(self, other: object) -> bool:
        return other is self or other is self.original

    def __hash__(self) -> int:
        return hash(self.original)

    def __repr__(self) -> str:
        return repr(self.original)


def answer(question: str, path: str) -> str:
    """What somebody is told who asks that of a file now: `stat`, `stat kind`, `access 4`, `readlink`."""
    name, _, more = question.partition(" ")
    try:
        if name == "access":
            return str(_ORIGINALS[name](path, int(more)))
        if name == "readlink":
            return str(_ORIGINALS[name](path))
        found = _ORIGINALS[name](path)
    except (OSError, ValueError) as error:
        return type(error).__name__
    if more == "kind":
        return str(stat.S_IFMT(found.st_mode))
    return f"{found.st_mode} {found.st_size} {found.st_mtime_ns}"


_ORIGINALS: dict[str, Callable[..., Any]] = {name: original for original, name in ASKED.items()}


def _asker(frame: types.FrameType | None) -> tuple[str, set[str]]:
    """The file whose code asks, and the functions of Python by which it does."""
    passed = set()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in ON_THE_WAY:
        passed.add(frame.f_code.co_name)
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else "", passed


def _plain(member: Any) -> Any:
    """The function of Python that a class holds; None for all else."""
    value = member.__func__ if isinstance(member, staticmethod) else member
    return value if type(value) is types.BuiltinFunctionType else None


def _held(module: types.ModuleType) -> dict[str, Any]:
    """Its names; a module that loads itself when it is looked at stays as it is."""
    names: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return names
