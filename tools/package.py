"""Build sdist and wheel, and try the wheel where nothing else is.

Both are built from a copy of the checkout's files, which leaves out what other commands
wrote. The wheel is installed into a new environment, and the packages that it says it
needs are linked there from the running one: nothing is downloaded twice, and a package
that it forgets to name is missing.

Usage: python -m tools.package [--out FOLDER]
"""

import argparse
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "_build" / "package"
SMOKE = ROOT / "tools" / "package_smoke.py"
# Where the folders of the checkout are in the wheel, as pyproject.toml has it.
PACKAGED = {
    "msr/": "msr/",
    "results/": "msr/recorded_runs/",
    "coursework/support/": "msr/coursework/",
}
NEEDED = {"LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"}
WRITTEN = {"MANIFEST.in", "PKG-INFO", "setup.cfg"}
LARGEST = 1_000_000
DATA, LARGEST_DATA = "msr/data/", 2_500_000  # all files together


def packaged(checkout: Iterable[str]) -> dict[str, str]:
    """The files of the checkout that users get, with their places in the wheel."""
    return {
        name: target + name.removeprefix(source)
        for name in checkout
        for source, target in PACKAGED.items()
        if name.startswith(source)
    }


def check_sdist(sizes: Mapping[str, int], checkout: Iterable[str]) -> None:
    """What an sdist must and may hold.

    Args:
        sizes: bytes of each of its files, by name below its top folder.
        checkout: the files of the checkout.

    Raises:
        ValueError: a file is missing, too large, or has no business there.
    """
    wanted = {*NEEDED, *packaged(checkout)}
    _compare("sdist", set(sizes), wanted, allowed=WRITTEN, beside=".egg-info")
    data = sum(size for name, size in sizes.items() if name.startswith(DATA))
    if data > LARGEST_DATA:
        raise ValueError(f"sdist: expected data of at most 2.5 MB, got {data} B in {DATA}")
    for name, size in sizes.items():
        if size > LARGEST and not name.startswith(DATA):
            raise ValueError(f"sdist: expected files of at most 1 MB, got {name}: {size} B")


def check_wheel(names: Iterable[str], checkout: Iterable[str]) -> None:
    """What a wheel must and may hold: the package, its data, its metadata, its license.

    Raises:
        ValueError: a file is missing, or has no business there.
    """
    found = set(names)
    wanted = set(packaged(checkout).values())
    _compare("wheel", found, wanted, allowed=set(), beside=".dist-info")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in found):
        raise ValueError("wheel: expected LICENSE in its metadata")


def _compare(
    what: str, found: set[str], wanted: set[str], allowed: set[str], beside: str
) -> None:
    if lacking := sorted(wanted - found):
        raise ValueError(f"{what}: lacks {_some(lacking)}: see [tool.setuptools]")
    rest = sorted(found - wanted - allowed)
    if rest := [name for name in rest if not name.partition("/")[0].endswith(beside)]:
        raise ValueError(f"{what}: should not hold {_some(rest)}: see MANIFEST.in")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def sdist_sizes(path: Path) -> dict[str, int]:
    """Bytes of each file of an sdist, by name below its top folder."""
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
    return {member.name.partition("/")[2]: member.size for member in members}


def wheel_names(path: Path) -> list[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def requirements(wheel: Path) -> list[str]:
    """What a wheel says it needs."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    return metadata.get_all("Requires-Dist") or []


def link_requirements(needed: Iterable[str], site: Path) -> set[str]:
    """Link packages of this environment, and what they need in turn, into another.

    Args:
        needed: requirements, as in a wheel's metadata.
        site: the other environment's folder of packages.

    Returns:
        The names of the packages.

    Raises:
        ValueError: one is not installed here.
    """
    linked: set[str] = set()
    todo = [(Requirement(line), "") for line in needed]
    seen = set()
    while todo:
        requirement, extra = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) in seen:
                continue
            seen.add((name, wanted))
            try:
                found = importlib.metadata.distribution(name)
            except importlib.metadata.PackageNotFoundError as error:
                raise ValueError(
                    f"expected {requirement.name}, which is needed, to be installed: "
                    f"run make install"
                ) from error
            _link(found, site)
            linked.add(name)
            todo += [(Requirement(line), wanted) for line in found.requires or []]
    return linked


def _link(package: importlib.metadata.Distribution, site: Path) -> None:
    tops = {path.parts[0] for path in package.files or []} - {"..", "__pycache__"}
    for top in sorted(tops):
        if not (site / top).exists():
            (site / top).symlink_to(Path(str(package.locate_file(top))).resolve())


def copy_of_checkout(folder: Path) -> list[str]:
    """Copy what git keeps, or would with the next commit; returns the names.

    Raises:
        ValueError: this is no checkout.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    result = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        raise ValueError(f"expected a git checkout: {result.stderr.strip()}")
    names = [n for n in result.stdout.split("\0") if n and (ROOT / n).is_file()]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return names


def run(what: str, *command: str, cwd: Path) -> str:
    """Run a command; returns what it printed.

    Raises:
        ValueError: it failed; the message ends with the last of what it said.
    """
    # build installs setuptools itself: the pinned one
    environment = {**os.environ, "PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    result = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True
    )
    if result.returncode:
        said = (result.stdout + result.stderr).strip().splitlines()[-30:]
        raise ValueError("\n".join([f"{what} failed:", *said]))
    return result.stdout


def build(out: Path) -> tuple[Path, Path]:
    """Build sdist, and from it the wheel, and check what they hold.

    Raises:
        ValueError: a build or a check failed.
    """
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        checkout = copy_of_checkout(Path(temporary))
        command = ["-m", "build", "--outdir", str(out), temporary]
        run("python -m build", sys.executable, *command, cwd=ROOT)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    check_sdist(sdist_sizes(sdist), checkout)
    check_wheel(wheel_names(wheel), checkout)
    strict = ["-m", "twine", "--no-color", "check", "--strict", str(sdist), str(wheel)]
    run("twine check --strict", sys.executable, *strict, cwd=ROOT)
    return sdist, wheel


def try_wheel(wheel: Path, version: str) -> None:
    """Install a wheel into an environment of its own, and use it from an empty folder.

    Raises:
        ValueError: it cannot be installed, or does not do what it should.
    """
    with tempfile.TemporaryDirectory() as temporary:
        environment, empty = Path(temporary) / "venv", Path(temporary) / "empty"
        empty.mkdir()
        venv = ["-m", "venv", "--without-pip", str(environment)]
        run("python -m venv", sys.executable, *venv, cwd=empty)
        python = environment / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
        run("pip install", *pip, *install, cwd=empty)
        (site,) = environment.glob("lib/python*/site-packages")
        link_requirements(requirements(wheel), site)
        run("pip check", *pip, "check", cwd=empty)
        # -I: neither PYTHONPATH nor the script's folder adds modules
        run("the smoke test", str(python), "-I", str(SMOKE), version, cwd=empty)
        printed = run("python -m msr", str(python), "-I", "-m", "msr", "--help", cwd=empty)
        if "reproduce" not in printed:
            raise ValueError(f"python -m msr --help: expected its commands, got {printed}")


def main(arguments: list[str]) -> int:
    """Build and try the package; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.package", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        sdist, wheel = build(options.out.resolve())
        try_wheel(wheel, project["project"]["version"])
    except ValueError as error:
        print(f"error: {error}")
        return 1
    print(f"{sdist.name} and {wheel.name} are in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
