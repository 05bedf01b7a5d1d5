"""Every hook stands in the docs with its real signature, states its contract, and has a test by its name."""

from pathlib import Path

from hook_reference import Hook, hooks
from source_tree import ROOT, files, files_of_tests, functions, parsed, written


def undocumented(known: list[Hook], docs: list[Path]) -> list[str]:
    headings = {
        line.lstrip("# ").strip("`")
        for path in docs
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("#")
    }
    return [
        f"{hook.heading}: no heading in docs/ spells it so (`make docs` writes them)"
        for hook in known
        if hook.heading not in headings
    ]


def untested(known: list[Hook], tests: list[Path]) -> list[str]:
    names = [
        function.name for path in tests for function in functions(parsed(path)) if function.name.startswith("test_")
    ]
    return [
        f"{hook.name}: no test has it in its name" for hook in known if not any(hook.name in name for name in names)
    ]


def test_hooks_are_documented_with_their_signatures():
    assert undocumented(hooks(), list(files("docs/**/*.md"))) == []


def test_hooks_state_their_contract():
    assert [hook.name for hook in hooks() if not hook.contract] == []


def test_hooks_have_a_test_by_name():
    house = ROOT / "tests" / "house"
    assert untested(hooks(), [path for path in files_of_tests() if not path.is_relative_to(house)]) == []


def test_a_hook_that_changed_its_signature_or_has_no_test_is_found(tmp_path):
    specs = written(
        tmp_path,
        "hookspecs.py",
        "@hookspec\ndef reports() -> list[\"Report\"]:\n    '''Offer reports.'''\n\n"
        "class Spec:\n    @hookspec(firstresult=True)\n"
        "    def before_order(self, order: Order, why: str = '') -> Verdict:\n        pass\n",
    )
    known = hooks(specs)
    docs = written(tmp_path, "docs/hooks.md", "### `reports() -> list[Report]`\n\n### `before_order(order: Order)`\n")
    tests = written(tmp_path, "test_t.py", "def test_before_order_may_refuse(): ...\n")
    assert undocumented(known, [docs]) == [
        "before_order(order: Order, why: str='') -> Verdict: no heading in docs/ spells it so (`make docs` writes them)"
    ]
    assert untested(known, [tests]) == ["reports: no test has it in its name"]
    assert [hook.name for hook in known if not hook.contract] == ["before_order"]
