"""One function, walked once: the names it has, the statements in order, and who knows each kind of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nozzle.aot.build import Builder, Refuse, Value
from nozzle.aot.frontend import branches, calls, expressions, helpers, loops, scope, statements
from nozzle.aot.frontend.instead import unknown
from nozzle.aot.frontend.jumps import Until, without_jumps
from nozzle.aot.frontend.values import NOTHING, Capture
from nozzle.aot.graph import Loc
from nozzle.aot.ops import linear
from nozzle.aot.source import NotAdmissible, Source, source_of


class Walker:
    """One function, walked once."""

    def __init__(
        self,
        b: Builder,
        function: Callable[..., Any],
        captures: list[Capture],
        depth: int = 0,
        source: Source | None = None,
    ) -> None:
        """Of a function inside `function`, its `source`."""
        self.b, self.function, self.captures, self.depth = b, function, captures, depth
        source = source_of(function) if source is None else source
        self.source: Source = replace(source, tree=without_jumps(source.tree))
        self.place = b.loc if function.__module__ == linear.__name__ else None
        """Of a function of ours: where the author calls it, which is all of it that he knows."""
        self.names: dict[str, Value] = {}
        self.loops: list[ast.AST] = [self.source.tree]
        self.statement: ast.stmt = self.source.tree
        """The one that is walked, innermost."""

    def call(self) -> Value:
        outer = self.b.loc
        result = self.statements(self.source.tree.body)
        self.b.loc = outer
        return None if result is NOTHING else result

    def at(self, node: ast.AST) -> None:
        if hasattr(node, "lineno"):
            self.b.loc = self.loc(node)

    def loc(self, node: ast.AST) -> Loc:
        return self.place or self.source.loc(node)

    def refuse(self, node: ast.AST, reason: str, instead: str = "") -> NotAdmissible:
        return NotAdmissible(self.loc(node), reason, instead)

    def statements(self, body: Sequence[ast.stmt]) -> Value:
        """What the block returns; NOTHING when it runs to its end."""
        for at, statement in enumerate(body):
            self.at(statement)
            self.statement = statement
            if isinstance(statement, ast.Return):
                return None if statement.value is None else self.value(statement.value)
            if isinstance(statement, ast.If):
                found = branches.branch(self, statement, body[at + 1 :])
                if found is not NOTHING:
                    return found[0]
                continue
            method = STATEMENTS.get(type(statement))
            if method is None:
                raise self.refuse(statement, *unknown(statement, "statement"))
            self.guarded(statement, method, statement)
        return NOTHING

    def guarded(self, node: ast.AST, method: Callable[..., Any], *arguments: Any) -> Any:
        """Do it; give what is refused its line."""
        try:
            return method(self, *arguments)
        except Refuse as error:
            raise self.refuse(node, error.reason, error.instead) from None
        except (ValueError, IndexError, TypeError, OverflowError) as error:
            if not hasattr(error, "__notes__"):
                loc = self.loc(node)
                error.add_note(f"  at {loc}: {loc.text.strip()}")
            raise

    def value(self, node: ast.expr) -> Value:
        self.at(node)
        method = EXPRESSIONS.get(type(node))
        if method is None:
            raise self.refuse(node, *unknown(node, "expression"))
        return self.guarded(node, method, node)


STATEMENTS: dict[type, Callable[..., None]] = {
    ast.Assign: statements.assign,
    ast.AnnAssign: statements.annotated,
    ast.AugAssign: statements.augmented,
    ast.Expr: statements.expression,
    ast.Assert: statements.asserted,
    ast.For: loops.loop,
    Until: loops.loop,
    ast.While: loops.repeat,
    ast.FunctionDef: helpers.defined,
    ast.Pass: statements.skip,
    ast.Delete: statements.deleted,
}
EXPRESSIONS: dict[type, Callable[..., Value]] = {
    ast.Constant: expressions.constant,
    ast.Name: scope.lookup,
    ast.Attribute: scope.attribute,
    ast.Call: calls.called,
    ast.BinOp: expressions.binary,
    ast.UnaryOp: expressions.unary,
    ast.Compare: expressions.compare,
    ast.BoolOp: branches.boolean,
    ast.IfExp: branches.choice,
    ast.Subscript: expressions.subscript,
    ast.Tuple: expressions.sequence,
    ast.List: expressions.sequence,
    ast.ListComp: expressions.comprehension,
    ast.GeneratorExp: expressions.comprehension,
    ast.Lambda: helpers.anonymous,
}
