"""What to write instead of what has no place in a compiled function."""

import ast

WORDS = {
    "asyncfunctiondef": "an async function",
    "classdef": "a class inside a function",
    "joinedstr": "an f-string",
    "namedexpr": "an assignment inside an expression",
    "importfrom": "an import statement",
    "starred": "a value with *",
    "dictcomp": "a dict",
    "setcomp": "a set",
    "yieldfrom": "a yield expression",
    "asyncfor": "an async loop",
    "asyncwith": "an async with",
    "nonlocal": "a name that is set outside",
    "global": "a name that is set outside",
    "typealias": "a type",
    "trystar": "a try statement",
}
"""What a kind of syntax is called, where its own name is no word."""
INSTEAD = {
    "namedexpr": "assign on a line before",
    "match": "use if and elif",
    "nonlocal": "return the value",
    "asyncfunctiondef": "define it with def",
    "asyncfor": "use for",
    "asyncwith": "let the caller do it",
    "yieldfrom": "fill an array and return it",
    "trystar": "let the caller catch it",
    "dictcomp": "use tuples, or separate arguments",
    "setcomp": "use an array",
    "typealias": "name it outside",
    "starred": "name the values",
    "sort": "sort outside, and pass the array",
    "argsort": "sort outside, and pass the places",
    "unique": "find them outside, and pass the array",
    "sorted": "sort outside, and pass the array",
    "list": "make an array, and fill it",
    "reversed": "loop over range(n - 1, -1, -1)",
    "map": "write a loop",
    "filter": "use a mask: x[x > 0]",
    "divmod": "write a // b and a % b",
    "pow": "write a ** b",
    "any": "use np.any",
    "all": "use np.all",
    "try": "let the caller catch it",
    "with": "open files outside, and pass arrays",
    "raise": "use assert, which becomes a check",
    "classdef": "pass arrays and numbers",
    "import": "import at the top of the file",
    "importfrom": "import at the top of the file",
    "joinedstr": "strings have no place here",
    "dict": "use tuples, or separate arguments",
    "set": "use an array",
    "print": "return the value, and print it outside",
    "open": "read the file outside, and pass an array",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "global": "return the value",
    "yield": "fill an array and return it",
    "await": "compiled functions do not wait",
    "sum": "use np.sum",
    "getattr": "write the name",
    "isinstance": "types are known while compiling; write one function for each",
}


def unknown(node: ast.AST, kind: str) -> tuple[str, str]:
    """What a piece of syntax that nobody knows is, and what to write instead."""
    word = type(node).__name__.lower()
    article = "an" if word[0] in "aeiou" else "a"
    return WORDS.get(word, f"{article} {word} {kind}"), INSTEAD.get(word, "compute it outside, and pass the value")
