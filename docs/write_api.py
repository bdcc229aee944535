"""Write the tables of docs/api.md from the docstrings, for those who read it in the repository.

Run ``python docs/write_api.py`` to write them, and ``python docs/write_api.py --check`` to compare
them. What they have, and in which order, is what the page names for the site.
"""

import argparse
import enum
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path

import smartdownsample
from smartdownsample.records import Picks

PAGE = Path(__file__).resolve().with_name("api.md")
BEGIN, END = "<!-- begin: names, by write_api.py -->", "<!-- end: names -->"
# A heading, or a directive of Sphinx with its options.
_PART = re.compile(r"^## (.+)$|^\.\. auto\w+:: (\S+)\n((?:   .*\n)*)", re.MULTILINE)


def main() -> int:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the page with the library")
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    page = f"{head}{BEGIN}\n\n{write_tables(tail)}\n{END}{tail}"
    if not parser.parse_args().check:
        PAGE.write_text(page, encoding="utf-8")
    elif page != before:
        sys.exit(f"{PAGE} is not what the library has. Run: python docs/write_api.py")
    return 0


def write_tables(directives: str) -> str:
    """Describe what the directives of a page name: a table for each of its headings."""
    lines: list[str] = []
    for heading, name, options in _PART.findall(directives):
        if heading:
            lines += [f"\n**{heading}**\n", "| name | what it is or does |", "|---|---|"]
        else:
            lines += _list_rows(name, options)
    return "\n".join(lines).strip() + "\n"


def _list_rows(name: str, options: str) -> Iterator[str]:
    """Describe a function, or a class or module with its members, in rows of a table."""
    name = name.removeprefix("smartdownsample.")
    described = getattr(smartdownsample, name)
    members = _read_option(options, "members")
    if inspect.ismodule(described):
        described = import_module(described.__name__)
    yield _write_row(name, described)
    if members is None or isinstance(described, enum.EnumMeta):
        return
    left_out = _read_option(options, "exclude-members") or []
    for member in members or _list_members(described):
        if member not in left_out:
            yield _write_row(f"{name}.{member}", inspect.getattr_static(described, member))


def _read_option(options: str, name: str) -> list[str] | None:
    """Return the names that an option of a directive has; None where there is no such option."""
    found = re.search(rf"^   :{name}:((?:.*\n)(?:      .*\n)*)", options, re.MULTILINE)
    return None if found is None else re.findall(r"\w+", found[1])


def _list_members(class_: object) -> list[str]:
    """List the public methods and properties of a class, its own first, then those of its bases."""
    assert isinstance(class_, type)
    kinds = (property, cached_property, classmethod, staticmethod)
    return [
        name
        for base in class_.__mro__
        if base.__module__.startswith("smartdownsample")
        for name, value in vars(base).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, kinds))
        # Methods of another class stand there.
        and getattr(_unwrap(value), "__qualname__", "").startswith(f"{base.__name__}.")
        and inspect.getattr_static(class_, name) is value
    ]


def _unwrap(member: object) -> object:
    """Return the function behind a method or property."""
    for name in ("fget", "func", "__func__"):
        member = getattr(member, name, member)
    return member


def _write_row(name: str, described: object) -> str:
    """Write how something is called, and the first line of its docstring."""
    function = _unwrap(described)
    is_called = not isinstance(described, (type, property, cached_property))
    call = name + _spell_parameters(function, described) if is_called else name
    summary = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    fields = ", ".join(f"`{field}`" for field in _list_fields(described))
    return f"| `{call}` | {summary.replace('``', '`')}{fields and f' Has {fields}.'} |"


def _spell_parameters(function: object, described: object) -> str:
    """Spell the parameters of a function with their defaults, but without their types."""
    if not callable(function):
        return ""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
    ]
    if not inspect.isfunction(described) or (parameters and parameters[0].name == "self"):
        parameters = parameters[1:]
    return str(inspect.Signature(parameters))


def _list_fields(described: object) -> list[str]:
    """List what a record has; what selections have are members of theirs."""
    if not isinstance(described, type) or issubclass(described, Picks):
        return []
    return [*getattr(described, "__dataclass_fields__", getattr(described, "_fields", ()))]


if __name__ == "__main__":
    sys.exit(main())
