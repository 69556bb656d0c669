"""The Sphinx extensions of the book: the execution cache, links, the reference."""

import copy as copy_module
import importlib
import io
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch  # noqa: F401 - the names of the inventory are looked up in it
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sphinx.errors import ExtensionError
from sphinx.util.inventory import InventoryFile

import msr
from helpers_project import ROOT
from msr import plotting
from tools import front_end
from tools.extensions import (
    accessible_pages,
    addresses,
    citation,
    execution_cache,
    front_end_check,
    torch_inventory,
)
from tools.repository import site_address


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that the digest reads, and some that it must not read."""
    for path in [*execution_cache.inputs(), ROOT / "README.md", ROOT / "_config.yml"]:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_the_digest_does_not_depend_on_the_folder(copy: Path) -> None:
    assert execution_cache.digest(copy) == execution_cache.digest()


@pytest.mark.parametrize(
    "name",
    [
        "msr/inner_loops/ridge.py",
        "constraints.txt",
        "results/ridge.json",
        "msr/data/paper_tables.json",
    ],
)
def test_a_change_that_outputs_depend_on_changes_the_digest(copy: Path, name: str) -> None:
    before = execution_cache.digest(copy)
    file = copy / name
    file.write_text(file.read_text() + "\n")
    changed = execution_cache.digest(copy)
    file.rename(file.with_stem("moved"))
    assert before != changed != execution_cache.digest(copy) != before


@pytest.mark.parametrize(
    "name", ["README.md", "_config.yml", "book/new.md", "tests/new.py"]
)
def test_no_other_change_changes_the_digest(copy: Path, name: str) -> None:
    before = execution_cache.digest(copy)
    file = copy / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("changed")
    assert execution_cache.digest(copy) == before


def test_caches_of_other_states_are_removed(tmp_path: Path) -> None:
    caches = tmp_path / ".jupyter_cache"
    (caches / "stale").mkdir(parents=True)
    kept = caches / execution_cache.digest()
    kept.mkdir()
    config = SimpleNamespace()
    execution_cache.choose_folder(SimpleNamespace(outdir=tmp_path / "html"), config)
    assert config.nb_execution_cache_path == str(kept)
    assert list(caches.iterdir()) == [kept]


def test_the_inventory_is_one_that_sphinx_reads_and_its_names_are_in_torch() -> None:
    stream = io.BytesIO(torch_inventory.inventory())
    found = InventoryFile.load(stream, torch_inventory.SITE, lambda site, uri: site + uri)
    names = {name: item for kind in found.values() for name, item in kind.items()}
    assert len(names) == len(list(torch_inventory.objects())) > 10
    for name, (_, _, address, _) in names.items():
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
        assert address.startswith("https://docs.pytorch.org/docs/stable/")
        assert address.partition("#")[2].rpartition(".")[2] == attribute


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("https://github.com/someone/a-book", "https://someone.github.io/a-book/"),
        ("https://github.com/SomeOne/A.Book/", "https://someone.github.io/A.Book/"),
    ],
)
def test_the_site_is_at_the_repositorys_pages(repository: str, site: str) -> None:
    assert site_address(repository) == site


@pytest.mark.parametrize(
    ("environment", "site", "branch"),
    [
        ({}, "https://me.github.io/book/", "main"),
        ({"BOOK_URL": "https://me.org/v1", "BOOK_REF": "v1"}, "https://me.org/v1/", "v1"),
    ],
)
def test_addresses_follow_the_repository_or_the_environment(
    environment: dict[str, str], site: str, branch: str, monkeypatch
) -> None:
    for name in ("BOOK_URL", "BOOK_REF"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    options = {"repository_url": "https://github.com/me/book", "repository_branch": "main"}
    config = SimpleNamespace(html_theme_options=options, ogp_social_cards={})
    addresses.set_addresses(None, config)
    assert config.html_baseurl == config.ogp_site_url == site
    assert options["repository_branch"] == branch
    assert (
        f'href="{config.notfound_urls_prefix}search.html"'
        in (config.notfound_context["body"])
    )
    assert site.endswith(config.notfound_urls_prefix)


def test_the_citation_says_what_the_citation_file_says() -> None:
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    entry = citation.bibtex(cff)
    for value in (cff["title"], cff["version"], cff["repository-code"]):
        assert f"{{{value}}}" in entry
    assert entry.count("{") == entry.count("}")


def test_the_reference_lists_everything_public_once() -> None:
    text = (ROOT / "book" / "api.md").read_text()
    listed = re.findall(r"^\.\. auto(?:class|function):: (\w+)$", text, re.M)
    drawn = {name for name in plotting.__all__ if name not in ("DIVERGING", "PALETTE")}
    assert sorted(listed) == sorted([*msr.__all__, *drawn])


def test_front_end_files_are_those_that_were_recorded() -> None:
    assert front_end.differences() == []
    pins = (ROOT / "constraints.txt").read_text()
    for package, wanted in front_end.recorded().items():
        assert f"{package}=={wanted['version']}\n" in pins


def test_a_changed_script_stops_the_build(monkeypatch) -> None:
    wanted = front_end.recorded()
    wanted["sphinx-design"]["sha256"] = "0" * 64
    monkeypatch.setattr(front_end, "recorded", lambda: wanted)
    with pytest.raises(ExtensionError, match="sphinx-design: expected the front-end files"):
        front_end_check.check(None)


@pytest.mark.parametrize(
    ("change", "hit"),
    [("nothing", True), ("prose", True), ("code", False), ("tag", False)],
)
def test_a_notebook_is_executed_again_if_its_code_changed(
    tmp_path: Path, change: str, hit: bool
) -> None:
    """How Jupyter's cache finds a notebook: what CONTRIBUTING.md says of it."""
    cells = [nbformat.v4.new_markdown_cell("Prose."), nbformat.v4.new_code_cell("1 + 1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    cache = get_cache(str(tmp_path / "cache"))
    cache.cache_notebook_bundle(
        CacheBundleIn(notebook, str(tmp_path / "page.ipynb")), check_validity=False
    )
    changed = copy_module.deepcopy(notebook)
    if change == "prose":
        changed.cells[0].source = "Other prose."
    elif change == "code":
        changed.cells[1].source = "1 + 2"
    elif change == "tag":
        changed.cells[1].metadata["tags"] = ["hide-input"]
    if hit:
        cache.match_cache_notebook(changed)
    else:
        with pytest.raises(KeyError):
            cache.match_cache_notebook(changed)


def test_each_rule_for_screen_readers_does_its_work() -> None:
    page = (
        '<summary aria-label="Toggle hidden content"><p>Show</p></summary>'
        '<button class="btn search-button-field x" aria-label="Search">Search</button>'
        '<button aria-label="Search" class="btn search-button-field x">Search</button>'
        '<i class="theme-switch fa-sun" data-mode="light" title="Light"></i>'
        '<div class="citation-list" role="list"></div>'
        '<div role="list" class="citation-list"></div>'
        '<section class="a" id="proof-content"></section>'
        '<section id="exercise-content"></section>'
        '<div class="proof admonition" id="proof"></div>'
    )
    assert accessible_pages.mend(page) == (
        "<summary><p>Show</p></summary>"
        '<button class="btn search-button-field x">Search</button>'
        '<button class="btn search-button-field x">Search</button>'
        '<i class="theme-switch fa-sun" data-mode="light"></i>'
        '<div class="citation-list"></div>'
        '<div class="citation-list"></div>'
        '<section class="a"></section>'
        "<section></section>"
        '<div class="proof admonition"></div>'
    )
    other = '<a aria-label="Search">x</a><section id="proof-of-it"></section>'
    assert accessible_pages.mend(other) == other
