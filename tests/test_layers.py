"""Imports point down only, and few modules may touch cryptography, the compiled kernels or files. Read from the source, not from a run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "smime"

# From the bottom up. Names of one row are siblings: none may import another, unless SIDEWAYS says so.
LAYERS = (
    {"errors", "limits", "algorithms", "findings", "memory", "printable"},
    {"_kernels"},
    {"transforms", "asn1"},
    {"mime", "cms", "crypto"},
    {"x509"},
    {"policy", "policies", "report", "pki"},
    {"operations"},
    {"_api", "files"},
    {"discovery"},
    {"archive", "gateway"},
    {"cli"},
    {"__main__"},
)
SIDEWAYS = {
    ("asn1", "transforms"),  # PEM is base64
    ("policies", "policy"),  # a policy with a name is a policy
    ("pki", "policy"),
    ("pki", "report"),
    ("files", "_api"),
}
# The package itself names the public things of all layers up to the archive; nothing below the archive may go through it.
ROOT_MAY_IMPORT = set().union(*LAYERS) - {"cli", "__main__"}
MAY_IMPORT_ROOT = {"archive", "cli"}

MAY_IMPORT_CRYPTOGRAPHY = {"crypto", "x509", "pki"}
MAY_OPEN_FILES = {"files", "archive", "gateway", "cli"}
# Named exceptions, each with its reason; a test below fails when one is no longer needed.
IMPORTS_CRYPTOGRAPHY = {"smime.cli.demo.historic": "old mail for the demo is made with ciphers that smime.crypto reads and never writes"}
OPENS_FILES = {
    "smime.pki.identity": "load_identities(path) is in the contract",
    "smime.pki.keystores.read": "load_identities(path) and TrustStore.from_path are in the contract",
    "smime.pki.throwaway": "writes the throw-away PKI of the demo",
}

RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}


@dataclass
class Module:
    name: str
    part: str  # the name under smime that decides its layer; "" for the package itself
    imports: list[tuple[str, int, bool]] = field(default_factory=list)  # what, line, only for type checking
    opens: list[int] = field(default_factory=list)

    @property
    def handles_paths(self) -> bool:
        """A method called `open` may open a file only where something that has such a method was imported (imports stand first)."""
        return any(target.split(".")[0] in {"pathlib", "io", "os", "codecs"} for target, _, _ in self.imports)


def _module_name(path: Path) -> str:
    parts = ["smime", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = sorted(PACKAGE.rglob("*.py"))
NAMES = {_module_name(path) for path in PATHS}
OPENERS = {"open", "fdopen", "read_bytes", "read_text", "write_bytes", "write_text", "NamedTemporaryFile", "TemporaryFile", "mkstemp"}


def part_of(name: str) -> str:
    """Return the name under smime that decides the layer of a module; "" for the package itself."""
    return [*name.split("."), ""][1]


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING")


def _nodes(node: ast.AST, typing_only: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    if isinstance(node, ast.If) and _is_type_checking(node.test):
        for child in node.body:
            yield from _nodes(child, True)
        for child in node.orelse:
            yield from _nodes(child, typing_only)
        return
    yield node, typing_only
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child, typing_only)


def _read(path: Path) -> Module:
    name = _module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    module = Module(name, part_of(name))
    for node, typing_only in _nodes(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            module.imports += [(alias.name, node.lineno, typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                base = ".".join(above[: len(above) - node.level + 1] + ([node.module] if node.module else []))
            for alias in node.names:
                full = f"{base}.{alias.name}"
                module.imports.append((full if full in NAMES else base, node.lineno, typing_only))
        elif isinstance(node, ast.Call):
            called = node.func
            callee = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
            if callee in OPENERS and (callee != "open" or isinstance(called, ast.Name) or module.handles_paths):
                module.opens.append(node.lineno)
    return module


MODULES = [_read(path) for path in PATHS]


def _ids(module: Module) -> str:
    return module.name


def test_every_module_has_a_layer() -> None:
    assert {module.part for module in MODULES} - {""} - set(RANK) == set()


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_imports_point_down(module: Module) -> None:
    wrong = []
    for target, line, _ in module.imports:
        if target.split(".")[0] != "smime":
            continue
        part = part_of(target)
        if module.part == "":
            allowed = part in ROOT_MAY_IMPORT
        elif part == "":
            allowed = module.part in MAY_IMPORT_ROOT
        else:
            allowed = part == module.part or RANK[part] < RANK[module.part] or (module.part, part) in SIDEWAYS
        if not allowed:
            wrong.append(f"line {line}: {module.name} imports {target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_only_crypto_x509_and_pki_import_cryptography(module: Module) -> None:
    uses = [line for target, line, typing_only in module.imports if target.split(".")[0] == "cryptography" and not typing_only]
    assert not uses or module.part in MAY_IMPORT_CRYPTOGRAPHY or module.name in IMPORTS_CRYPTOGRAPHY, (
        f"{module.name} imports cryptography in lines {uses}"
    )


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_hashes_come_from_cryptography(module: Module) -> None:
    uses = [line for target, line, _ in module.imports if target.split(".")[0] in {"hashlib", "hmac", "ssl"}]
    assert not uses or module.name == "smime.pki.fetch"  # https is the standard library's


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_only_the_kernels_import_the_compiled_module(module: Module) -> None:
    uses = [line for target, line, _ in module.imports if target.endswith("_accel") or "._accel." in target]
    assert not uses or module.part == "_kernels", f"{module.name} imports the compiled module in lines {uses}"


@pytest.mark.parametrize("module", MODULES, ids=_ids)
def test_only_the_drivers_open_files(module: Module) -> None:
    if module.part in MAY_OPEN_FILES or module.name in OPENS_FILES:
        return
    assert not module.opens, f"{module.name} opens files in lines {module.opens}"


@pytest.mark.parametrize("name", sorted(IMPORTS_CRYPTOGRAPHY))
def test_each_importer_of_cryptography_is_needed(name: str) -> None:
    module = next(module for module in MODULES if module.name == name)
    assert any(target.split(".")[0] == "cryptography" for target, _, _ in module.imports), f"{name} needs it no more: take it off the list"


@pytest.mark.parametrize("name", sorted(OPENS_FILES))
def test_each_exception_is_needed(name: str) -> None:
    module = next((module for module in MODULES if module.name == name), None)
    assert module is None or module.opens, f"{name} opens no files any more: take it off the list"


def test_the_reader_sees_what_it_should(tmp_path: Path) -> None:
    """The checks above are worth nothing if imports go unseen, so: every form of import, read back."""
    source = (
        "from __future__ import annotations\nimport smime.errors\nfrom smime import errors as e\nfrom . import limits\n"
        "from .asn1 import der\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cryptography import x509\n"
        "def f():\n    from cryptography import x509\n    return open('x')\n"
    )
    global PACKAGE  # noqa: PLW0603 - _module_name looks at it
    saved = PACKAGE
    try:
        PACKAGE = tmp_path
        path = tmp_path / "module.py"
        path.write_text(source)
        module = _read(path)
    finally:
        PACKAGE = saved
    ours = [(target, line) for target, line, _ in module.imports if target.startswith("smime")]
    assert ours == [
        ("smime.errors", 2),
        ("smime.errors", 3),
        ("smime.limits", 4),
        ("smime.asn1.der" if "smime.asn1.der" in NAMES else "smime.asn1", 5),
    ]
    assert [(line, typing_only) for target, line, typing_only in module.imports if target == "cryptography"] == [(8, True), (10, False)]
    assert module.opens == [11]
