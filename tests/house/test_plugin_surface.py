"""`billhead.plugin.__all__` is sorted, complete, leaks nothing, and everything in it is documented."""

import __future__

import importlib.util
import inspect
from itertools import pairwise
from types import ModuleType

from source_tree import CORE


def surface_faults(module: ModuleType) -> list[str]:
    listed = list(getattr(module, "__all__", ()))
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, __future__._Feature)
        and not (isinstance(value, ModuleType) and value.__name__.startswith(f"{module.__name__}."))
    }
    faults = [
        f"__all__ is not sorted: {name} stands before {after}" for name, after in pairwise(listed) if name > after
    ]
    faults += [f"{name} is listed twice" for name in sorted({name for name in listed if listed.count(name) > 1})]
    faults += [f"{name} is in __all__ but not in the module" for name in sorted(set(listed) - public)]
    faults += [f"{name} leaks: list it in __all__ or do not import it here" for name in sorted(public - set(listed))]
    faults += [f"{name} has no docstring" for name in listed if _undocumented(getattr(module, name, None))]
    return faults


def _undocumented(thing: object) -> bool:
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return False
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return False  # errors are told together, in the tree on top of domain/errors.py
    written = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    generated_by_dataclass = inspect.isclass(thing) and (written or "").startswith(f"{thing.__name__}(")
    return not written or generated_by_dataclass


def test_the_plugin_api_is_what_it_lists():
    if (CORE / "plugin" / "__init__.py").exists():
        import billhead.plugin

        assert surface_faults(billhead.plugin) == []


def test_a_careless_surface_is_found(tmp_path):
    source = (
        "from decimal import Decimal\n"
        "class Panel:\n    'A panel.'\n"
        "class Absent:\n    pass\n"
        "__all__ = ['Panel', 'Absent', 'Gone']\n"
    )
    path = tmp_path / "careless.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("careless", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert surface_faults(module) == [
        "__all__ is not sorted: Panel stands before Absent",
        "Gone is in __all__ but not in the module",
        "Decimal leaks: list it in __all__ or do not import it here",
        "Absent has no docstring",
    ]
