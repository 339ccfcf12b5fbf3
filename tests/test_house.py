"""The plan of the house, held by reading the imports: floors without a back arrow, libraries in their rooms."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evalslo"

FLOORS = [
    {"errors", "version"},
    {"model", "installed"},
    {"stats", "scorers", "endpoints", "loaders", "store", "report"},
    {"slo", "plugins"},
    {"harness"},
    {"api"},
    {"cli"},
    {"__main__", "__init__"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

LIBRARIES = {
    "dataclasses": {"endpoints"},  # nouns are msgspec's Structs; a dataclass can hide a secret from its repr
    "numpy": {"stats", "slo", "scorers"},
    "scipy": {"stats"},
    "datasets": {"loaders"},
    "pyarrow": {"loaders"},
    "pydantic": {"loaders"},
    "yaml": {"loaders"},
    "aiohappyeyeballs": {"endpoints"},
    "httptools": {"endpoints"},
    "jinja2": {"endpoints"},
    "jmespath": {"endpoints"},
    "filelock": {"store"},
    "psycopg": {"store"},
    "rich": {"report", "cli"},
    "sentencex": {"scorers"},
    "typer": {"cli"},
}
HEAVY = {
    "scipy",
    "sklearn",
    "datasets",
    "pyarrow",
    "pydantic",
    "numpy",
    "httptools",
    "yaml",
    "jinja2",
    "rich",
}
OUTSIDE_READERS = {"cli", "api"}
KERNEL_STAMPS = PACKAGE / "endpoints" / "stamped.py"  # the kernel stamps what arrives by the time of day
OUTSIDE = {
    "os.environ",
    "os.getenv",
    "time.time",
    "datetime.now",
    "datetime.utcnow",
    "date.today",
    "secrets.token_hex",
    "Path.cwd",
    "sys.argv",
    "sys.stdin",
    "sys.stdout",
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def trees() -> list[tuple[Path, ast.Module]]:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 60
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in files]


def imports(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.append(node.module or "")
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path, _ in trees()
    }


def test_every_room_has_a_floor():
    assert {room_of(path) for path, _ in trees()} == set(FLOOR_OF) - {"__init__"} | {"__init__"}


def test_a_module_imports_lower_floors_and_its_own_room_only():
    wrong = []
    for path, tree in trees():
        here = room_of(path)
        if here == "__init__":
            continue
        for name in imports(tree):
            if name == "evalslo" or not name.startswith("evalslo."):
                continue
            there = name.split(".")[1]
            if there not in FLOOR_OF:
                continue
            if there != here and FLOOR_OF[there] >= FLOOR_OF[here] and here != "__main__":
                wrong.append(f"{path.relative_to(ROOT)} ({here}) imports {name}")
    assert not wrong


def test_nothing_inside_takes_a_name_from_the_face():
    face = set(ast.literal_eval(_assigned("__all__")))
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in trees()
        if room_of(path) != "__init__"
        for name in imports(tree)
        if name.startswith("evalslo.") and name.removeprefix("evalslo.") in face
    ]
    assert not wrong


def _assigned(name: str) -> str:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name]
    return ast.unparse(found[0].value)


def test_there_is_no_circle_of_modules():
    known = modules()
    arrows = {
        name: _arrows(_tree(path), known) - {name, "evalslo"} for name, path in known.items() if name != "evalslo"
    }
    seen: dict[str, int] = defaultdict(int)

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if seen[name]:
            return
        for other in sorted(arrows.get(name, ())):
            visit(other, (*trail, name))
        seen[name] = 1

    for name in sorted(arrows):
        visit(name, ())


def _arrows(tree: ast.AST, known: dict[str, Path]) -> set[str]:
    """The modules that a module imports; a package only where a name of its own is taken from it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inside & set(known) or {node.module or ""}
    return found & set(known)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_a_library_stays_in_its_room():
    wrong = [
        f"{path.relative_to(ROOT)} imports {library}"
        for path, tree in trees()
        for library in {name.split(".")[0] for name in imports(tree)} & set(LIBRARIES)
        if room_of(path) not in LIBRARIES[library]
    ]
    assert not wrong


def test_scipy_stats_is_not_in_the_package():
    assert not [path for path, tree in trees() if any(name.startswith("scipy.stats") for name in imports(tree))]


def test_only_the_doors_read_clock_environment_and_terminal():
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} reads {ast.unparse(node)}"
        for path, tree in trees()
        if room_of(path) not in OUTSIDE_READERS and path != KERNEL_STAMPS
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in OUTSIDE
    ]
    assert not wrong


def test_functions_stay_short():
    lengths = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                lengths.append(length)
                assert length <= 60, f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"
    lengths.sort()
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[int(len(lengths) * 0.9)] <= 25


@pytest.mark.parametrize(
    ("arguments", "typers_own"),
    [
        (["--help"], set()),
        *[
            ([verb, "--help"], {"pydantic"})
            for verb in ("init", "check", "plan", "run", "gate", "calibrate", "budget", "history", "report")
        ],
    ],
)
def test_help_imports_nothing_heavy(arguments, typers_own):
    """Typer itself loads pydantic to read a verb's options; evalslo's own schemas stay out."""
    program = (
        "import sys\n"
        f"sys.argv = ['evalslo', *{arguments!r}]\n"
        "from evalslo.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', sorted((({HEAVY!r} | {{'evalslo.loaders.schema'}}) - {typers_own!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_importing_the_package_imports_nothing_of_it():
    program = "import sys, evalslo; print(sorted(name for name in sys.modules if name.startswith('evalslo.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
