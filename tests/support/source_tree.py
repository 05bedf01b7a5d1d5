"""The files of this project and their syntax trees, as the rules of the house look at them."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core" / "billhead"
_NOT_OURS = {".venv", ".git", "node_modules", "build", "dist", "var", "__pycache__"}


def files(*patterns: str, root: Path = ROOT) -> Iterator[Path]:
    """The project's own files that match one of the patterns, in a fixed order."""
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    return (path for path in sorted(found) if not _NOT_OURS.intersection(path.relative_to(root).parts))


def shown(path: Path, root: Path = ROOT) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@dataclass(frozen=True)
class Distribution:
    """A folder with a pyproject.toml: core, a plugin or a theme."""

    folder: Path

    @cached_property
    def pyproject(self) -> dict:
        return tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return self.pyproject["project"]["name"]

    @property
    def requirements(self) -> list[str]:
        """What it asks for, with the extras that the locks hold."""
        project = self.pyproject["project"]
        optional = project.get("optional-dependencies", {})
        return [*project.get("dependencies", []), *(line for group in optional.values() for line in group)]

    @property
    def package(self) -> Path:
        """The folder of its import package."""
        if self.folder == ROOT:
            return CORE
        return self.folder / self.name.replace("-", "_")

    def python_files(self) -> list[Path]:
        return list(files("**/*.py", root=self.package)) if self.package.is_dir() else []

    def test_files(self) -> list[Path]:
        return list(files("tests/**/*.py", root=self.folder))


def plugins(root: Path = ROOT) -> list[Distribution]:
    return _distributions(root, "plugins/*/pyproject.toml", "plugins/*/*/pyproject.toml")


def themes(root: Path = ROOT) -> list[Distribution]:
    return _distributions(root, "themes/*/pyproject.toml")


def _distributions(root: Path, *patterns: str) -> list[Distribution]:
    return [Distribution(path.parent) for path in files(*patterns, root=root)]


def source_files(root: Path = ROOT) -> list[Path]:
    """Our Python outside of tests: core, plugins and themes."""
    everything = files("core/**/*.py", "plugins/**/*.py", "themes/**/*.py", root=root)
    return [path for path in everything if "tests" not in path.relative_to(root).parts]


def files_of_tests(root: Path = ROOT) -> list[Path]:
    everything = files("tests/**/*.py", "plugins/**/*.py", "themes/**/*.py", root=root)
    return [path for path in everything if "tests" in path.relative_to(root).parts]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(path: Path) -> list[tuple[int, str]]:
    """Absolute module names with their lines; relative imports stay at home and are left out."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.lineno, f"{node.module}.{name.name}") for name in node.names]
    return found


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def written(folder: Path, name: str, text: str) -> Path:
    """A small sample, written where a rule will look: the proof that the rule can fail."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
