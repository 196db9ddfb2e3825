"""The site in a real browser, opened from disk: keyboard, phone, dark, and nothing complains."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Browser

ACTIVE = "document.activeElement"


@pytest.fixture(scope="module")
def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


def test_no_page_complains_or_shifts(browser: Browser, pages: list[Path]) -> None:
    shifts = """(() => { const told = []; const seen = new PerformanceObserver(() => {});
        seen.observe({type: 'layout-shift', buffered: true});
        for (const entry of seen.takeRecords()) told.push([entry.value,
            entry.sources.map((s) => `${s.node && (s.node.outerHTML || s.node.textContent || '').slice(0, 80)}`
                + ` ${JSON.stringify(s.previousRect)} ${JSON.stringify(s.currentRect)}`)]);
        return told })()"""
    for page in pages:
        browser.open(page)
        browser.wait("window.shoplakeIndex !== undefined")
        assert browser.errors == [], page.name
        told = browser.run(shifts)
        assert sum(value for value, _ in told) < 0.02, (page.name, told)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_its_window(width: int, browser: Browser, pages: list[Path]) -> None:
    for page in pages:
        browser.open(page, width=width)
        assert browser.run("document.documentElement.scrollWidth") <= width, page.name


def test_wide_tables_scroll_in_their_own_box(browser: Browser, folder: Path) -> None:
    browser.open(folder / "tables" / "silver.orders.html", width=360)
    box = "document.querySelector('#batches .scroll')"
    assert browser.run(f"{box}.scrollWidth > {box}.clientWidth")
    browser.run(f"{box}.focus()")
    assert browser.run(f"{ACTIVE} === {box}"), "the keyboard reaches it"


@pytest.mark.parametrize(
    ("page", "section"),
    [
        ("index.html", "tables"),
        ("tables/silver.orders.html", "columns"),
        ("tables/silver.orders.html", "rules"),
    ],
)
def test_on_a_phone_rows_are_cards_that_show_every_cell(
    page: str, section: str, browser: Browser, folder: Path
) -> None:
    browser.open(folder / page, width=360)
    cells = f"[...document.querySelectorAll('#{section} tbody tr > *')].filter(c => c.textContent.trim())"
    beyond = "c => { const b = c.getBoundingClientRect(); return b.left < 0 || b.right > 360 || !b.height; }"
    assert browser.run(f"{cells}.length") > 10
    assert browser.run(f"{cells}.filter({beyond}).length") == 0


def test_search_by_keyboard(browser: Browser, folder: Path) -> None:
    browser.open(folder / "index.html")
    browser.press("/")
    assert browser.run(f"{ACTIVE}.id") == "search"
    assert browser.run("document.getElementById('search').value") == ""
    browser.type("amount")
    names = "[...document.querySelectorAll('#results .hit')].map(e => e.textContent)"
    hits = browser.run(names)
    assert hits[0] == "silver.orders.amount"
    assert "silver.orders: amount_positive" in hits
    selected = "document.querySelector('#results [aria-selected=true] .hit').textContent"
    assert browser.run(selected) == hits[0]
    browser.press("ArrowDown")
    assert browser.run(selected) == hits[1]
    assert (
        browser.run("document.getElementById('search').getAttribute('aria-activedescendant')")
        == "hit-1"
    )
    browser.press("ArrowUp")
    browser.press("ArrowUp")
    assert browser.run(selected) == hits[-1], "it goes round"
    browser.press("ArrowDown")
    browser.press("Enter")
    browser.wait("location.hash === '#column-amount' && document.readyState === 'complete'")
    assert browser.run("location.pathname").endswith("/tables/silver.orders.html")
    assert (
        browser.run("getComputedStyle(document.querySelector('tr:target > th')).backgroundColor")
        != "rgb(255, 255, 255)"
    )


def test_search_from_a_page_in_a_folder_and_escape(browser: Browser, folder: Path) -> None:
    browser.open(folder / "models" / "duck-2.html")
    browser.press("/")
    browser.type("zzz")
    assert "Nothing has all" in browser.run("document.getElementById('results').textContent")
    browser.press("Escape")
    assert browser.run("document.getElementById('results').hidden")
    browser.press("Escape")
    assert browser.run("document.getElementById('search').value") == ""
    browser.type("people.name")
    browser.press("Enter")
    browser.wait("location.pathname.endsWith('/tables/bronze.people.html')")


def test_the_first_tab_skips_to_the_content(browser: Browser, folder: Path) -> None:
    browser.open(folder / "index.html")
    browser.press("Tab")
    assert browser.run(f"{ACTIVE}.textContent") == "Skip to content"
    assert browser.run(f"{ACTIVE}.getBoundingClientRect().left") >= 0
    browser.press("Enter")
    browser.wait("location.hash === '#main'")
    browser.press("Tab")
    assert browser.run(f"document.getElementById('main').contains({ACTIVE})")
    assert browser.run(f"parseFloat(getComputedStyle({ACTIVE}).outlineWidth)") >= 2


def test_lineage_graph_by_keyboard(browser: Browser, folder: Path) -> None:
    browser.open(folder / "lineage.html")
    box = "document.querySelector('#canvas .graph').getAttribute('viewBox').split(' ').map(Number)"
    before = browser.run(box)
    browser.run("document.querySelector('[data-zoom=in]').click()")
    assert browser.run(box)[2] < before[2]
    browser.run("document.getElementById('canvas').focus()")
    browser.press("ArrowRight")
    assert browser.run(box)[0] > before[0]
    browser.run("document.querySelector('[data-zoom=fit]').click()")
    browser.run("document.querySelector('[data-node=\"silver.orders\"]').focus()")
    lit = "[...document.querySelectorAll('.node.lit')].map(n => n.dataset.node).sort()"
    assert browser.run(lit) == [
        "bronze.people",
        "files:pond",
        "gold.drafts",
        "model:duck",
        "silver.orders",
    ]
    browser.press("Enter")
    browser.wait("location.pathname.endsWith('/tables/silver.orders.html')")


def test_lineage_graph_moves_under_a_finger(browser: Browser, folder: Path) -> None:
    browser.open(folder / "lineage.html", width=360, height=800)
    box = "document.querySelector('#canvas .graph').getAttribute('viewBox').split(' ').map(Number)"
    browser.run("document.getElementById('canvas').scrollIntoView()")
    x, y = browser.run(
        "(b => [b.left + 200, b.top + 200])(document.getElementById('canvas').getBoundingClientRect())"
    )
    before = browser.run(box)
    browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    browser.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": x - 60, "y": y}])
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.wait(f"{box}[0] > {before[0] + 20}")
    assert browser.run("location.pathname").endswith("lineage.html")


def test_freshness_is_said_for_now(browser: Browser, folder: Path) -> None:
    """Fresh at the last run; today the row of 2026-11-01 is as old as the clock says."""
    page = folder / "tables" / "silver.orders.html"
    assert "✓ fresh" in page.read_text()
    browser.open(page)
    age_h = browser.run("(Date.now() - Date.parse('2026-11-01T00:00:00Z')) / 36e5")
    said = browser.run("document.querySelector('[data-newest]').textContent")
    assert said == ("▲ late" if age_h > 48 else "✓ fresh")


def test_glossary_filter(browser: Browser, folder: Path) -> None:
    browser.open(folder / "glossary.html")
    browser.run("document.getElementById('filter').focus()")
    browser.type("euros")
    shown = (
        "[...document.querySelectorAll('#terms > div:not([hidden]) dt')].map(e => e.textContent)"
    )
    assert browser.run(shown) == ["amount"]
    assert browser.run("document.getElementById('shown').textContent") == "1 name"


CONTRAST = """(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a] = rgb(getComputedStyle(e).backgroundColor);
      if (a === undefined || a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest('svg, [hidden], .unseen, .skip')) continue;
    if (!element.getClientRects().length) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([ratio.toFixed(2), walk.currentNode.data.trim().slice(0, 40)]);
  }
  return poor;
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_contrast_is_aa(dark: bool, browser: Browser, pages: list[Path]) -> None:
    for page in pages:
        browser.open(page, dark=dark)
        ground = browser.run("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(18, 22, 24)") is dark
        assert browser.run(CONTRAST) == [], page.name
