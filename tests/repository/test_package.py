"""What `make package` accepts and refuses; it builds the package itself."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpers_project import ROOT, run
from tools import package

CHECKOUT = [
    *package.NEEDED,
    *("msr/__init__.py", "msr/py.typed", "msr/data/a.json", "results/ridge.json"),
    *("coursework/support/__init__.py", "coursework/support/checks/1-groups/q1.py"),
    *("coursework/sources/1-groups.ipynb", "tests/test_x.py", "colab/intro.ipynb"),
]
SDIST = {
    name: 10
    for name in [
        *("PKG-INFO", "setup.cfg", "MANIFEST.in", "x.egg-info/SOURCES.txt"),
        *(n for n in CHECKOUT if not n.startswith(("tests", "colab", "coursework/so"))),
    ]
}
WHEEL = [
    *("msr/__init__.py", "msr/py.typed", "msr/data/a.json"),
    *("msr/recorded_runs/ridge.json", "msr/coursework/__init__.py"),
    *("msr/coursework/checks/1-groups/q1.py", "x-1.dist-info/METADATA"),
    "x-1.dist-info/licenses/LICENSE",
]


def test_whole_packages_pass() -> None:
    package.check_sdist(SDIST, CHECKOUT)
    package.check_wheel(WHEEL, CHECKOUT)


@pytest.mark.parametrize(
    "name", ["LICENSE", "README.md", "pyproject.toml", "msr/py.typed", "results/ridge.json"]
)
def test_an_sdist_that_lacks_a_file_is_refused(name: str) -> None:
    rest = {other: size for other, size in SDIST.items() if other != name}
    with pytest.raises(ValueError, match=f"^sdist: lacks {name}: "):
        package.check_sdist(rest, CHECKOUT)


@pytest.mark.parametrize(
    "name",
    [
        *("_build/html/index.html", ".venv/bin/python", "colab/intro.ipynb"),
        *("tests/test_x.py", "coursework/sources/1-groups.ipynb", "msr/old.py", "x.egg"),
    ],
)
def test_an_sdist_with_what_it_should_not_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"^sdist: should not hold {name}: "):
        package.check_sdist({**SDIST, name: 10}, CHECKOUT)


def test_an_sdist_has_no_large_files() -> None:
    package.check_sdist({**SDIST, "results/ridge.json": 1_000_000}, CHECKOUT)
    with pytest.raises(ValueError, match=r"at most 1 MB, got results/ridge\.json"):
        package.check_sdist({**SDIST, "results/ridge.json": 1_000_001}, CHECKOUT)
    data = {"msr/data/a.npz": 1_700_000, "msr/data/b.npz": 799_990}
    checkout = [*CHECKOUT, *data]
    package.check_sdist({**SDIST, **data}, checkout)
    with pytest.raises(ValueError, match=r"data of at most 2\.5 MB, got 2500020 B"):
        package.check_sdist({**SDIST, **data, "msr/data/b.npz": 800_010}, checkout)


@pytest.mark.parametrize("name", [n for n in WHEEL if n.startswith("msr/")])
def test_a_wheel_that_lacks_a_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"^wheel: lacks {name}: "):
        package.check_wheel([n for n in WHEEL if n != name], CHECKOUT)


@pytest.mark.parametrize("name", ["tests/test_x.py", "tools/package.py", "msr/old.py"])
def test_a_wheel_with_what_it_should_not_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"^wheel: should not hold {name}: "):
        package.check_wheel([*WHEEL, name], CHECKOUT)


def test_a_wheel_has_the_license() -> None:
    with pytest.raises(ValueError, match="LICENSE"):
        package.check_wheel([n for n in WHEEL if "LICENSE" not in n], CHECKOUT)


def test_many_files_are_said_in_few_words() -> None:
    extra = [f"a/{i}" for i in range(9)]
    with pytest.raises(ValueError, match=r"hold a/0, a/1, a/2 and 6 more: "):
        package.check_wheel([*WHEEL, *extra], CHECKOUT)


def test_folders_are_where_pyproject_puts_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = project["tool"]["setuptools"]["package-dir"]
    assert {
        f"{folder}/": f"{name.replace('.', '/')}/" for name, folder in folders.items()
    } == package.PACKAGED


def distribution(folder: Path, name: str, *needs: str) -> None:
    """Put an installed package of one module there."""
    (folder / f"{name}.py").write_text(f"name = {name!r}\n")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    (info / "METADATA").write_text(
        "\n".join([*lines, *(f"Requires-Dist: {need}" for need in needs)]) + "\n"
    )
    (info / "RECORD").write_text(
        f"{name}.py,,\n{info.name}/METADATA,,\n../../../bin/{name},,\n"
        f"__pycache__/{name}.cpython-311.pyc,,\n"
    )


def test_what_a_wheel_needs_is_linked_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, site = tmp_path / "here", tmp_path / "site"
    here.mkdir()
    site.mkdir()
    distribution(here, "pkg_a", "pkg_b[fast]>=1", "pkg_a")
    distribution(here, "pkg_b", 'pkg_c; extra == "fast"', 'pkg_d; extra == "slow"')
    distribution(here, "pkg_c", 'pkg_d; python_version < "3"')
    distribution(here, "pkg_d")
    monkeypatch.syspath_prepend(here)
    needed = ["pkg-a>=1", 'pkg-d; extra == "test"']
    assert package.link_requirements(needed, site) == {"pkg-a", "pkg-b", "pkg-c"}
    assert {path.name for path in site.iterdir()} == {
        f"pkg_{x}{end}" for x in "abc" for end in (".py", "-1.0.dist-info")
    }
    assert (site / "pkg_c.py").read_text() == "name = 'pkg_c'\n"


def test_a_package_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected pkg-nowhere, which is needed"):
        package.link_requirements(["pkg-nowhere>=2"], tmp_path)


def test_the_copy_has_what_git_would_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, copy = tmp_path / "checkout", tmp_path / "copy"
    for name in (".gitignore", "gone.py", "msr/a.py", "msr/new é.py", "_build/x"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("_build/\n")
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    subprocess.run(["git", "add", "gone.py", "msr/a.py"], cwd=checkout, check=True)
    (checkout / "gone.py").unlink()
    monkeypatch.setattr(package, "ROOT", checkout)
    wanted = {".gitignore", "msr/a.py", "msr/new é.py"}
    assert {*package.copy_of_checkout(copy)} == wanted
    found = {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()}
    assert found == wanted


def test_only_a_checkout_can_be_packaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(package, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    assert package.main(["--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().out.startswith("error: expected a git checkout: ")


def test_a_command_that_fails_shows_what_it_said(tmp_path: Path) -> None:
    code = "import sys; print('out'); sys.exit('why')"
    with pytest.raises(ValueError, match=r"(?s)^thinking failed:\n.*out\nwhy$"):
        package.run("thinking", sys.executable, "-c", code, cwd=tmp_path)
    assert package.run("thinking", sys.executable, "-c", "print(1)", cwd=ROOT) == "1\n"


def test_the_smoke_test_refuses_an_msr_that_is_not_the_wheels() -> None:
    """The one of the tests is this checkout's."""
    result = run(sys.executable, "-m", "tools.package_smoke", "0.1.0")
    assert result.returncode == 1
    assert "ValueError: expected msr to be that of " in result.stderr
