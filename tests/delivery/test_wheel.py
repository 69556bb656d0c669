"""The wheel of msr, alone in an empty environment."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers_project import NOT_OF_THE_PACKAGE, ROOT, copy_of_project

IMPORT_ALL = """\
import importlib, json, pkgutil, sys, msr
names = [m.name for m in pkgutil.walk_packages(msr.__path__, "msr.")]
for name in names:
    if name != "msr.__main__" and not name.startswith("msr.coursework"):
        importlib.import_module(name)
assert "matplotlib" not in sys.modules
print(json.dumps([msr.__file__, msr.__version__, names, sorted(msr.paper_table("rotation")),
                  sorted(msr.escnn_kernel_basis()), len(msr.recorded_results("ridge").cells)]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with nothing but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    source = copy_of_project(folder)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*wheel, "--wheel-dir", folder, source], check=True)
    (built,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "-c", ROOT / "constraints.txt", built], check=True)
    return python


def run(python: Path, *arguments: str, cwd: Path) -> str:
    command = [python, "-W", "error::DeprecationWarning", *arguments]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_subpackage_imports_and_finds_its_data(python: Path, tmp_path: Path) -> None:
    found = json.loads(run(python, "-c", IMPORT_ALL, cwd=tmp_path))
    file, version, names, methods, groups, cells = found
    assert "site-packages" in file
    assert version in (ROOT / "pyproject.toml").read_text()
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "msr").rglob("*.py")
    }
    assert len(modules) > 60
    assert modules - {"msr"} <= set(names)
    assert methods == ["MAML-Conv", "MSR-Conv"]
    assert groups == ["C8", "D8"]
    assert cells > 0


def test_the_script_of_the_readme_runs(python: Path, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    (script,) = re.findall(r"```python\n(import torch\n.*?)```", text, re.S)
    (tmp_path / "sines.py").write_text(script)
    printed = run(python, "sines.py", cwd=tmp_path)
    (mse,) = re.findall(r"MetaTestResult\(mse=([\d.]+)", printed)
    assert float(mse) < 1  # it learns: the variance of the targets is above 1
    assert (tmp_path / "sines.pt").is_file()


def test_the_command_line_runs(python: Path, tmp_path: Path) -> None:
    assert "reproduce" in run(python, "-m", "msr", "--help", cwd=tmp_path)


def test_tests_of_the_package_need_the_extra_test_alone(
    python: Path, tmp_path: Path
) -> None:
    source = copy_of_project(tmp_path)
    install = [python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt"]
    subprocess.run([*install, f"{source}[test]"], check=True)
    pytest_of_msr = [
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"),
        *(f"--ignore=tests/{folder}" for folder in NOT_OF_THE_PACKAGE),
    ]
    listed = run(python, *pytest_of_msr, "--collect-only", cwd=source)
    rooms = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    for room in rooms - set(NOT_OF_THE_PACKAGE):
        assert f"tests/{room}/" in listed
    assert " passed" in run(python, *pytest_of_msr, "-k", "groups", cwd=source)
