"""Every built page in a browser: it loads by itself, fits, and hinders nobody.

A page is opened once. The tests of a page run in the order of this file; those that
change its colours or its width come last.
"""

import re

import pytest
from pages import BOOK, CHAPTERS, HTML, MADE, NARROW, NOTEBOOKS, WIDE, Visit
from playwright.sync_api import Page

PAGES = [*BOOK, *MADE]
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module", params=PAGES)
def visited(request: pytest.FixtureRequest, visit) -> Visit:
    return visit(request.param)


@pytest.fixture
def page(visited: Visit) -> Page:
    return visited.page


@pytest.fixture
def path(visited: Visit) -> str:
    return visited.path


def test_loads_from_its_own_server_alone(visited: Visit) -> None:
    assert visited.external == []
    assert visited.errors == []
    assert visited.failed == []
    assert 0 < visited.size <= 5 * MEGABYTE


def test_formulas_are_rendered(page: Page) -> None:
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    text = page.locator("main").inner_text()
    assert not re.search(r"\\(rho|operatorname|frac|mathcal|sum)\b", text)


def test_images_are_there_and_described(page: Page) -> None:
    images = page.evaluate(
        """async () => {
            const images = [...document.querySelectorAll('img')];
            images.forEach(image => { image.loading = 'eager'; });
            await Promise.all(images.map(image => image.decode().catch(() => null)));
            return images.map(image => [image.src.slice(0, 80), image.naturalWidth, image.alt]);
        }"""
    )
    for source, width, alt in images:
        assert width > 0, source
        assert len(alt) > 20 or "/logo" in source, (source, alt)


def test_has_what_every_page_of_the_book_has(page: Page, path: str) -> None:
    if path not in BOOK:
        return
    assert page.locator(".prev-next-footer a").count() >= 1
    (edit,) = page.locator("a[href*='/edit/main/book/']").all()
    assert edit.get_attribute("href").endswith((".md", ".ipynb"))
    assert page.locator("meta[property='og:image']").count() == 1
    assert page.locator("link[rel='icon']").count() == 1


def test_has_what_a_notebooks_page_has(page: Page, path: str) -> None:
    if path not in NOTEBOOKS:
        return
    name = path.removeprefix("book/").removesuffix(".html")
    for host in ("colab.research.google.com/github", "mybinder.org/v2/gh", "kaggle.com/"):
        (launch,) = page.locator(f"a[href*='{host}']").all()
        assert f"/colab/{name}.ipynb" in launch.get_attribute("href")
    (download,) = page.locator("a[href$='.ipynb'][href*='_sources']").all()
    file = (HTML / path).parent / download.get_attribute("href")
    assert ":::{" not in file.read_text()
    cells = page.locator("div.cell_input div.highlight").count()
    assert page.locator("div.cell_input button.copybtn").count() == cells > 0
    assert "Run time." in page.locator("main").inner_text()
    assert page.locator(".bd-sidebar-secondary .page-toc a").count() >= 3


def test_interactive_figures_respond(page: Page, path: str) -> None:
    figures = page.locator(".msr-slideshow").all()
    assert figures or path not in CHAPTERS
    for figure in figures:
        slider, button = figure.locator("input"), figure.locator("button")
        image, label = figure.locator("img"), figure.locator("output")

        def state(image=image, label=label) -> tuple[str | None, str | None, str]:
            texts = image.get_attribute("src"), image.get_attribute("alt")
            return (*texts, label.inner_text())

        slider.focus()
        page.keyboard.press("Home")
        first = state()
        page.keyboard.press("ArrowRight")
        second = state()
        assert all(a != b for a, b in zip(first, second, strict=True))
        assert slider.get_attribute("aria-valuetext") == second[2]

        slider.fill("0")  # as the mouse does
        assert state() == first

        button.focus()
        page.keyboard.press("Space")
        assert button.inner_text() == "Pause"
        page.wait_for_timeout(1000)
        assert state() != first
        page.keyboard.press("Enter")
        assert button.inner_text() == "Play"
        stopped = state()
        page.wait_for_timeout(1000)
        assert state() == stopped


def test_solutions_unfold_by_keyboard(page: Page, path: str) -> None:
    for solution in page.locator(".solution.dropdown").all():
        button = solution.locator("button.toggle-button").first
        content = solution.locator("section").first
        assert not content.is_visible()
        button.focus()
        page.keyboard.press("Enter")
        content.wait_for(state="visible", timeout=2000)
    exercises = page.locator(".exercise.admonition").count()
    assert page.locator(".solution.dropdown").count() == exercises


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hinders_nobody(page: Page, axe: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    page.wait_for_timeout(600)  # colours fade in; what was unfolded is measured
    page.evaluate(axe)
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for violation in report["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:5]
    ]
    assert serious == []


CUT_OFF = """() => [...document.querySelectorAll('.bd-article *')].filter(element => {
    if (element.getBoundingClientRect().right <= window.innerWidth + 1) return false;
    if (element.closest('mjx-assistive-mml, .headerlink')) return false;
    for (let e = element; e && !e.classList.contains('bd-article'); e = e.parentElement)
        if (['auto', 'scroll'].includes(getComputedStyle(e).overflowX)) return false;
    return true;
}).map(element => element.outerHTML.slice(0, 120))"""


def test_fits_a_phone(page: Page) -> None:
    """What is wider than the text may scroll by itself, but must not be cut off."""
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert page.evaluate(CUT_OFF) == []
    page.set_viewport_size(WIDE)


def test_every_built_page_is_tested() -> None:
    built = {str(path.relative_to(HTML)) for path in HTML.rglob("*.html")}
    pages = {path for path in built if not path.startswith("_")}
    assert pages == {*PAGES, "index.html"}
