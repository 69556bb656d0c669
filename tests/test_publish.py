"""Publishing replaces what it should, and nothing else."""

from pathlib import Path

import pytest

from tools.publish import publish


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
