"""The site as a whole: links, search, the first page, and pages that do not exist."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from pages import BOOK, HTML, MADE, NOTEBOOKS, PREFIX

from helpers_coursework import secret_lines
from tools.coursework.sources import assignments


@cache
def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def anchors(path: Path) -> set[str]:
    return {element["id"] for element in parsed(path).find_all(id=True)}


@pytest.mark.parametrize("path", [*BOOK, *MADE, "index.html"])
def test_internal_links_lead_somewhere(path: str) -> None:
    page = HTML / path
    links = [(tag, tag.get("href")) for tag in parsed(page).find_all(["a", "link"])]
    links += [(tag, tag.get("src")) for tag in parsed(page).find_all(["img", "script"])]
    checked = 0
    for tag, link in links:
        parts = urlsplit(link or "")
        if not link or parts.scheme or parts.netloc:
            continue
        where = unquote(parts.path)
        if where.startswith("/"):
            assert where.startswith(PREFIX), tag
            target = HTML / where.removeprefix(PREFIX)
        else:
            target = (page.parent / where).resolve() if where else page
        if target.is_dir():
            target /= "index.html"
        assert target.is_file(), tag
        if parts.fragment and target.suffix == ".html":
            assert unquote(parts.fragment) in anchors(target), tag
        checked += 1
    assert checked > 10 or path == "index.html"


def test_the_site_has_no_solution_of_the_coursework() -> None:
    texts = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in HTML.rglob("*")
        if path.suffix in {".html", ".ipynb", ".md", ".txt", ".js", ".json"}
    }
    downloads = {path.stem for path in texts if "_downloads" in path.parts}
    for known in assignments():
        assert known.name in downloads
        lines = secret_lines(known)
        # a line like "for step in range(steps):" is in many places
        shared = {path: [x for x in lines if x in text] for path, text in texts.items()}
        assert {path: found for path, found in shared.items() if len(found) > 2} == {}


def test_the_first_address_leads_to_the_landing_page(visit) -> None:
    visited = visit("")
    visited.page.wait_for_url("**/book/intro.html")
    assert visited.external == []
    assert (
        visited.page.locator(".bd-article h1")
        .first.inner_text()
        .startswith("Learning Symmetries")
    )


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("intertwiner", "book/02-group-convolution.html"),
        ("meta_train", "book/api.html"),
        ("edge of stability", "book/06-translation.html"),
    ],
)
def test_search_finds(visit, words: str, wanted: str) -> None:
    visited = visit(f"search.html?q={words.replace(' ', '+')}")
    results = visited.page.locator("#search-results ul.search a")
    results.first.wait_for(timeout=10_000)
    visited.page.wait_for_timeout(500)
    found = [link.get_attribute("href") for link in results.all()]
    assert any(wanted in link for link in found), found
    assert visited.external == []
    assert visited.errors == []


def test_search_starts_from_the_keyboard(visit) -> None:
    page = visit("book/intro.html").page
    page.keyboard.press("Control+k")
    page.keyboard.type("intertwiner")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=intertwiner*")
    page.locator("#search-results ul.search a").first.wait_for(timeout=10_000)


@pytest.mark.parametrize("path", ["book/no-such-page.html", "a/b/c/", "nothing"])
def test_a_page_that_does_not_exist_leads_on(visit, path: str) -> None:
    visited = visit(path)
    (itself, *others) = visited.failed
    assert itself.endswith(path)
    assert others == []
    assert visited.external == []
    page = visited.page
    assert page.locator(".bd-article h1").first.inner_text() == "This page does not exist"
    page.get_by_role("link", name="The book's first page").click()
    page.wait_for_url("**/book/intro.html")


def test_pages_work_without_scripts(browser, site: str) -> None:
    """Text, figures and links; formulas stay in TeX."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}book/02-group-convolution.html")
    assert page.locator(".bd-article h1").first.is_visible()
    assert page.locator(".msr-slideshow img").first.get_attribute("src").startswith("data:")
    page.locator("a", has_text="3. Reparameterization").first.click()
    page.wait_for_url("**/book/03-reparameterization.html")
    context.close()


def test_the_status_page_has_a_row_for_every_notebook() -> None:
    rows = parsed(HTML / "book/status.html").select("table.execution-status tbody tr")
    pages = {Path(row.find("a")["href"]).name for row in rows}
    assert pages == {Path(path).name for path in NOTEBOOKS}
    for row in rows:
        _, seconds, date, *_ = (cell.get_text() for cell in row.find_all("td"))
        assert re.fullmatch(r"\d+ s", seconds)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", date)
    text = parsed(HTML / "book/status.html").select_one("article").get_text(" ")
    assert re.search(r"Commit\W+([0-9a-f]{7}\+?|unknown)", text)
    assert re.search(r"msr \d+\.\d+\.\d+, .*torch \d+\.\d+", text)
    assert re.search(r"Device.*\d+ cores", text, re.S)


def test_the_package_is_linked_from_chapters_and_to_pytorch() -> None:
    chapter = parsed(HTML / "book/01-equivariance.html")
    links = {link["href"] for link in chapter.select("a.reference.internal")}
    assert "api.html#msr.FiniteGroup" in links
    outside = {link["href"] for link in parsed(HTML / "book/api.html").select("a.external")}
    assert "https://docs.pytorch.org/docs/stable/tensors.html#torch.Tensor" in outside
