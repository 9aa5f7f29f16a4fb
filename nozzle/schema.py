"""Values from outside, as dataclasses: a field says what it is for and what it may hold.

Settings are read so, and what a model replies. pydantic checks them, in strict mode; it is opened only when there is
something to check, for it takes longer to open than all that most commands need.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Misfit(ValueError):
    """A value that does not fit its place."""

    def __init__(self, names: tuple[str, ...], kind: str, message: str) -> None:
        super().__init__(message)
        self.names, self.kind = names, kind


def checked(
    default: Any, description: str, *, check: Callable[[Any], Any] | None = None, names: str = "", **rules: Any
) -> Any:
    """A field of such a class. `check` gives the value as it shall be, or raises ValueError; `names` is the pattern of
    a table's keys; `rules` are pydantic's (ge, gt, le, allow_inf_nan, min_length)."""
    metadata = {"description": description, "check": check, "names": names, "rules": rules}
    if isinstance(default, dict) or is_dataclass(default):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def read(of: type[T], values: Mapping[str, Any]) -> T:
    """These values as one of this class; without any, its defaults. Misfit for the first that does not fit, which is
    never repeated."""
    if not values:
        return of()
    from pydantic import ValidationError

    try:
        found: T = _adapter(of).validate_python(values)  # type: ignore[arg-type]  # a class has a hash
        return found
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        names = tuple(name for name in first["loc"] if isinstance(name, str) and name != "[key]")
        raise Misfit(names, first["type"], first["msg"]) from None


@cache
def _adapter(of: Hashable) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(_kind(of))


def _table(of: type) -> Any:
    """What pydantic makes one of this class from: a model with its fields, and then the class itself."""
    from pydantic import AfterValidator, ConfigDict, Field, create_model

    hints = get_type_hints(of)
    found: dict[str, Any] = {}
    for each in fields(of):
        kind = _kind(hints[each.name], each.metadata.get("names", ""))
        rules = {**each.metadata.get("rules", {}), **({"strict": False} if get_origin(kind) is tuple else {})}
        default = each.default if each.default is not MISSING else None
        checks = (AfterValidator(check),) if (check := each.metadata.get("check")) else ()
        found[each.name] = (Annotated[(kind, Field(**rules), *checks)], default)
    model = create_model(of.__name__, __config__=ConfigDict(extra="forbid", strict=True), **found)
    return Annotated[
        model, AfterValidator(lambda given: of(**{name: getattr(given, name) for name in given.model_fields_set}))
    ]


def _kind(hint: Any, names: str = "") -> Any:
    from pydantic import Field

    if isinstance(hint, type) and is_dataclass(hint):
        return _table(hint)
    if get_origin(hint) is dict:
        return dict[Annotated[str, Field(pattern=names)], _kind(get_args(hint)[1])]  # type: ignore[misc]
    return hint
