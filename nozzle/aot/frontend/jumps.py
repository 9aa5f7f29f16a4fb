"""`break`, `continue`, and `return` in a loop, taken out of the syntax tree: they become flags and branches.

A graph has no jumps. A loop that may be left early carries a flag, and ends when it is set; what stands behind a jump
goes into the other branch, or under a test of the flag. The names that this needs begin with a dot, as no author's do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

RESULT, RETURNED = ".result", ".returned"
"""What a loop returned, and whether it did."""


class Until(ast.For):
    """A `for` that also ends when the name `until` is true."""

    until: str


def without_jumps(function: ast.FunctionDef) -> ast.FunctionDef:
    """The same function without jumps in its loops; itself, when it has none."""
    if not any(isinstance(one, (ast.Break, ast.Continue, ast.Return)) for one in _in_loops(function)):
        return function
    body = _Jumps().block(function.body, None).body
    made = ast.parse("def f(): pass").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.name, made.args, made.body = function.name, function.args, [_set(function, RETURNED, False), *body]
    return ast.copy_location(made, function)


def unless(loop: ast.For, flag: str) -> ast.stmt:
    """The body of a loop, under the test that a flag is not set."""
    return _if(loop, _not(loop, flag), loop.body, [])


def _in_loops(function: ast.FunctionDef) -> Iterator[ast.AST]:
    for loop in ast.walk(function):
        if isinstance(loop, (ast.For, ast.While)):
            yield from ast.walk(loop)


@dataclass(slots=True)
class _Loop:
    """The flags of one loop, and which are needed."""

    stop: str
    skip: str
    returns: bool = False
    breaks: bool = False


@dataclass(slots=True)
class _Made:
    body: list[ast.stmt]
    flags: frozenset[str] = frozenset()
    """Those that it may set."""
    ends: bool = False
    """Whether what stands behind it is never reached."""


class _Jumps:
    def __init__(self) -> None:
        self.count = 0

    def block(self, body: Sequence[ast.stmt], loop: _Loop | None) -> _Made:
        made: list[ast.stmt] = []
        for at, statement in enumerate(body):
            rest = body[at + 1 :]
            if isinstance(statement, (ast.Break, ast.Continue, ast.Return)):
                flags = self._jump(statement, loop)
                return _Made(made + flags, frozenset(map(_target, flags)) - {RESULT, RETURNED}, True)
            if isinstance(statement, (ast.For, ast.While)):
                return _after(made, self._loop(statement, rest, loop))
            if isinstance(statement, ast.If):
                sides = self.block(statement.body, loop), self.block(statement.orelse, loop)
                if sides[0].flags | sides[1].flags:
                    return _after(made, self._branch(statement, sides, rest, loop))
                statement = _if(statement, statement.test, sides[0].body, sides[1].body)
            made.append(statement)
        return _Made(made)

    def _jump(self, statement: ast.Break | ast.Continue | ast.Return, loop: _Loop | None) -> list[ast.stmt]:
        if loop is None:
            return [statement]
        if isinstance(statement, ast.Continue):
            return [_set(statement, loop.skip, True)]
        if isinstance(statement, ast.Break):
            loop.breaks = True
            return [_set(statement, loop.stop, True)]
        loop.returns = True
        value = statement.value or ast.copy_location(ast.Constant(None), statement)
        found = _assign(statement, RESULT, value)
        return [found, _set(statement, RETURNED, True), _set(statement, loop.stop, True)]

    def _branch(
        self, statement: ast.If, sides: tuple[_Made, _Made], rest: Sequence[ast.stmt], loop: _Loop | None
    ) -> _Made:
        """An `if` that may jump: what follows it goes where no jump was."""
        one, two = sides
        if one.ends and not two.ends:
            two = self.block([*statement.orelse, *rest], loop)
        elif two.ends and not one.ends:
            one = self.block([*statement.body, *rest], loop)
        made = [_if(statement, statement.test, one.body, two.body)]
        flags = one.flags | two.flags
        if sides[0].ends or sides[1].ends:
            return _Made(made, flags, one.ends and two.ends)
        tail = self.block(rest, loop)
        for flag in sorted(flags):
            tail.body = [_if(statement, _not(statement, flag), tail.body, [])] if tail.body else []
        return _Made(made + tail.body, flags | tail.flags)

    def _loop(self, statement: ast.For | ast.While, rest: Sequence[ast.stmt], outer: _Loop | None) -> _Made:
        """A loop, what stands after it, and what it may have returned."""
        self.count += 1
        own = _Loop(f".stop{self.count}", f".skip{self.count}")
        inner = self.block(statement.body, own)
        body = inner.body if own.skip not in inner.flags else [_set(statement, own.skip, False), *inner.body]
        stops = own.stop in inner.flags
        made: list[ast.stmt] = [_set(statement, own.stop, False)] if stops else []
        made.append(_turned(statement, body, own.stop if stops else ""))
        if statement.orelse:
            broken = _not(statement, own.stop) if own.breaks else None  # after a return nothing of this is reached
            rest = [*([_if(statement, broken, statement.orelse, [])] if broken else statement.orelse), *rest]
        if not own.returns:
            return _after(made, self.block(rest, outer))
        back = ast.copy_location(ast.Return(_name(statement, RESULT)), statement)
        leave: list[ast.stmt] = [back] if outer is None else [_set(statement, outer.stop, True)]
        flags = frozenset[str]() if outer is None else frozenset({outer.stop})
        if outer is not None:
            outer.returns = True
        if isinstance(statement, ast.While) and _always(statement.test) and not own.breaks:
            return _Made(made + leave, flags, True)
        after = self.block(rest, outer)
        tail = after.body if outer is None else []
        made.append(_if(statement, _name(statement, RETURNED), leave, [] if outer is None else after.body))
        return _Made(made + tail, flags | after.flags, False)


def _after(before: list[ast.stmt], made: _Made) -> _Made:
    return _Made(before + made.body, made.flags, made.ends)


def _turned(statement: ast.For | ast.While, body: list[ast.stmt], stop: str) -> ast.stmt:
    """The loop with another body, ended by a flag where there is one."""
    if isinstance(statement, ast.While):
        test = statement.test
        if stop:
            parts = [_not(statement, stop)] if _always(test) else [_not(statement, stop), test]
            test = parts[0] if len(parts) == 1 else ast.copy_location(ast.BoolOp(ast.And(), parts), statement.test)
        return ast.copy_location(ast.While(test, body or [ast.Pass()], []), statement)
    if not stop:
        return ast.copy_location(ast.For(statement.target, statement.iter, body, []), statement)
    made = Until(statement.target, statement.iter, body, [])
    made.until = stop
    return ast.copy_location(made, statement)


def _always(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)


def _name(at: ast.AST, name: str) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Load()), at)


def _not(at: ast.AST, name: str) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), _name(at, name)), at)


def _assign(at: ast.AST, name: str, value: ast.expr) -> ast.stmt:
    return ast.copy_location(ast.Assign([ast.copy_location(ast.Name(name, ast.Store()), at)], value), at)


def _set(at: ast.AST, name: str, value: bool) -> ast.stmt:
    return _assign(at, name, ast.copy_location(ast.Constant(value), at))


def _target(statement: ast.stmt) -> str:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else RESULT


def _if(at: ast.AST, test: ast.expr, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt]) -> ast.stmt:
    return ast.copy_location(ast.If(test, list(body) or [ast.copy_location(ast.Pass(), at)], list(orelse)), at)
