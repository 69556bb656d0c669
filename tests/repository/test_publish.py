"""Publishing replaces what it should, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers_project import ROOT, run
from tools.publish import publish
from tools.repository import site_address


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def html(tmp_path: Path) -> Path:
    for name in ("index.html", "book/intro.html", "_static/book.css"):
        (tmp_path / "html" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "html" / name).write_text(f"new {name}")
    return tmp_path / "html"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in (".git/HEAD", "index.html", "book/gone.html", "v0.1.0/index.html"):
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text("old")
    return tmp_path / "site"


def test_the_top_is_replaced_and_releases_stay(html: Path, site: Path) -> None:
    publish(html, site)
    assert files(site) == {
        *files(html), ".git/HEAD", ".nojekyll", "v0.1.0/index.html"
    }  # fmt: skip
    assert (site / "index.html").read_text() == "new index.html"
    assert (site / "v0.1.0" / "index.html").read_text() == "old"


@pytest.mark.parametrize("tag", ["v0.1.0", "v0.2.0", "v0.2.0rc1"])
def test_a_release_gets_its_folder_and_the_top_stays(
    html: Path, site: Path, tag: str
) -> None:
    before = files(site)
    publish(html, site, tag)
    assert files(site / tag) == files(html)
    assert (site / "index.html").read_text() == "old"
    assert before <= files(site)


def test_publishing_twice_changes_nothing(html: Path, site: Path) -> None:
    publish(html, site)
    once = files(site)
    publish(html, site)
    assert files(site) == once


@pytest.mark.parametrize("tag", ["main", "v1", "../v0.1.0", "v0.1.0/x", "book"])
def test_only_tags_of_releases_name_a_folder(html: Path, site: Path, tag: str) -> None:
    with pytest.raises(ValueError, match="expected a tag such as"):
        publish(html, site, tag)


def test_nothing_is_removed_without_a_build(tmp_path: Path, site: Path) -> None:
    before = files(site)
    with pytest.raises(ValueError, match="run make book"):
        publish(tmp_path / "nothing", site)
    assert files(site) == before


def test_the_site_must_be_there(html: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a folder"):
        publish(html, tmp_path / "nowhere")


def git(*arguments: str, cwd: Path) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with built pages, and a repository that it pushes to."""
    git("init", "--quiet", "--bare", "origin.git", cwd=tmp_path)
    checkout = tmp_path / "checkout"
    for name in (".ci/publish", "tools/__init__.py", "tools/publish.py"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    (checkout / ".gitignore").write_text("_build/\n__pycache__/\n")
    git("init", "--quiet", cwd=checkout)
    git("add", "--all", cwd=checkout)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.org")
    git(*identity, "commit", "--quiet", "--message", "start", cwd=checkout)
    git("remote", "add", "origin", str(tmp_path / "origin.git"), cwd=checkout)
    build(checkout, "first")
    return checkout


def build(checkout: Path, words: str) -> None:
    (checkout / "_build" / "html").mkdir(parents=True, exist_ok=True)
    (checkout / "_build" / "html" / "index.html").write_text(words)


def published(checkout: Path, *tag: str) -> dict[str, str]:
    """Publishes; returns the files of the branch gh-pages with their content."""
    environment = {**os.environ, "PYTHON": sys.executable}
    command = ["bash", ".ci/publish", *tag]
    subprocess.run(command, cwd=checkout, env=environment, check=True)
    origin = checkout.parent / "origin.git"
    names = git("ls-tree", "-r", "--name-only", "gh-pages", cwd=origin).split()
    return {name: git("show", f"gh-pages:{name}", cwd=origin) for name in names}


def test_publishing_goes_to_the_branch_and_can_be_rolled_back(checkout: Path) -> None:
    assert published(checkout) == {".nojekyll": "", "index.html": "first"}
    with_release = published(checkout, "v0.1.0")
    assert with_release["v0.1.0/index.html"] == "first"

    build(checkout, "second")
    latest = published(checkout)
    assert latest == {**with_release, "index.html": "second"}
    assert git("status", "--porcelain", cwd=checkout) == ""
    assert len(git("worktree", "list", cwd=checkout).splitlines()) == 1

    # as CONTRIBUTING.md says
    site = checkout.parent / "site"
    origin = str(checkout.parent / "origin.git")
    git("clone", "--quiet", "--branch", "gh-pages", origin, str(site), cwd=checkout)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.org")
    git(*identity, "revert", "--no-edit", "HEAD", cwd=site)
    assert (site / "index.html").read_text() == "first"
    assert len(git("log", "--oneline", cwd=site).splitlines()) == 4


@pytest.mark.parametrize(
    ("version", "tags", "wanted"),
    [
        ("0.2.0", [], "v0.2.0"),
        ("0.2.0", ["v0.1.0", "v0.2.0rc1"], "v0.2.0"),
        ("0.2.0", ["v0.2.0"], ""),
        ("0.3.0.dev0", [], ""),
    ],
)
def test_a_version_is_released_once(
    checkout: Path, version: str, tags: list[str], wanted: str
) -> None:
    shutil.copy(ROOT / ".ci" / "release-tag", checkout / ".ci")
    shutil.copy(ROOT / "tools" / "repository.py", checkout / "tools")
    (checkout / "pyproject.toml").write_text(
        f'[project]\nversion = "{version}"\n'
        '[project.urls]\nRepository = "https://github.com/SomeOne/book"\n'
    )
    for tag in tags:
        git("tag", tag, cwd=checkout)
        git("push", "--quiet", "origin", tag, cwd=checkout)
    result = run("bash", ".ci/release-tag", cwd=checkout)
    site = "https://someone.github.io/book/"
    assert result.stdout.splitlines() == [f"TAG={wanted}", f"SITE={site}"]
    assert site == site_address("https://github.com/SomeOne/book")


@pytest.mark.parametrize(
    ("open_issue", "wanted"),
    [("", "issue create --title Broken"), ("7", "issue comment 7 --body Seen in")],
)
def test_a_weekly_failure_opens_one_issue_and_adds_to_it(
    tmp_path: Path, open_issue: str, wanted: str
) -> None:
    fake = tmp_path / "gh"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n'
        f'if [ "$2" = list ]; then printf "%s" "{open_issue}"; fi\n'
    )
    fake.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_RUN_ID": "1",
    }
    command = ["bash", str(ROOT / ".ci" / "report"), "Broken"]
    subprocess.run(command, env=environment, check=True)
    calls = (tmp_path / "log").read_text().splitlines()
    assert len(calls) == 2
    assert calls[1].startswith(wanted)
    assert "a/b/actions/runs/1" in calls[1]
