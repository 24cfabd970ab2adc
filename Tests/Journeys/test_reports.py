"""What people read of a campaign, as a real browser shows it: on a phone and a screen, in both languages, light and dark, on paper."""

import base64
import json

import psycopg
import pytest
from browser import Browser
from evaluated import DEFINITION, FIGURES

# Of what is drawn on the page: how large, and whether anything sticks out of it.
SIZES = """(() => {
  const shown = [...document.querySelectorAll('svg')].filter(s => getComputedStyle(s).display !== 'none');
  const words = [...document.querySelectorAll('h1, h2, h3, td, th, b, p, svg text')].filter(e => e.getClientRects().length);
  return {
    page: document.documentElement.scrollWidth, window: innerWidth,
    charts: shown.map(s => { const r = s.getBoundingClientRect(); return [Math.round(r.width), Math.round(r.height), s.querySelectorAll('rect, polyline, circle').length]; }),
    outside: words.filter(e => { const r = e.getBoundingClientRect(); const s = (e.closest('section') || document.body).getBoundingClientRect(); return r.width && (r.left < s.left - 1 || r.right > s.right + 1); }).map(e => e.textContent.slice(0, 40)),
    text: document.body.innerText,
  };
})()"""


@pytest.fixture(scope="module")
def pages(ground, tmp_path_factory):
    """A report of a campaign, and one of branches and people, as `millrace` writes them."""
    database = ground.clone()
    with ground.services.connect(database) as connection:
        psycopg.ClientCursor(connection).execute(FIGURES, {"definition": json.dumps(DEFINITION)})
    folder = tmp_path_factory.mktemp("reports")
    for words in (("campaign", "report", DEFINITION["name"]), ("people", "report", "--people")):
        made = ground.command({}, *words, "--as", "html", "--out", folder / f"{words[0]}.html", database=database)
        assert made.returncode == 0, made.stderr
    yield folder
    ground.services.drop_database(database)


@pytest.fixture
def page(pages):
    return pages / "campaign.html"


@pytest.fixture(scope="module")
def browser():
    with Browser.open() as browser:
        yield browser


@pytest.mark.parametrize(
    "width, language, dark, words",
    [
        (360, "", False, ["From the audience to success", "Against the control group", "Reached"]),
        (1280, "", True, ["Regions by conversions", "Assets since the launch", "conversion rate"]),
        (360, "#zh", True, ["转化漏斗", "与对照组比较", "已触达"]),
        (1280, "#zh", False, ["地区转化排名", "启动以来的资产变化", "转化率"]),
    ],
)
def test_a_report_is_readable_at_every_width_in_both_languages(page, browser, width, language, dark, words):
    seen = len(browser.events)
    browser.show(page.as_uri() + language, width, dark)
    sizes = browser.ask(SIZES)
    assert sizes["page"] <= sizes["window"], f"the page is {sizes['page']} pixels wide in a window of {width}"
    assert sizes["outside"] == []
    assert len(sizes["charts"]) == 6 and all(w > width * 0.6 and h > 60 and marks > 1 for w, h, marks in sizes["charts"]), sizes["charts"]
    for word in words:
        assert word in sizes["text"], word
    hidden = "转化漏斗" if not language else "From the audience to success"
    assert hidden not in sizes["text"]
    # Nothing is asked of anybody, and nothing is complained of.
    asked = [told["request"]["url"] for told in browser.told("Network.requestWillBeSent")]
    assert set(asked) <= {"about:blank", page.as_uri(), page.as_uri() + language} | {page.as_uri() + "#zh"}, asked
    browser.events[:seen] = browser.events[:seen]
    assert browser.told("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []


def test_the_language_is_chosen_on_the_page_itself(page, browser):
    browser.show(page.as_uri(), 360)
    browser.ask("document.querySelector('.to-zh').click()")
    assert "转化漏斗" in browser.ask("document.body.innerText")
    browser.ask("document.querySelector('.to-en').click()")
    assert "From the audience to success" in browser.ask("document.body.innerText")


def test_a_report_is_printed_on_some_pages_of_paper(page, browser):
    browser.show(page.as_uri(), 1280)
    printed = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    pages = printed.count(b"/Type /Page\n") or printed.count(b"/Type /Page")
    assert printed.startswith(b"%PDF") and 3 <= pages <= 12, pages


@pytest.mark.parametrize("width, language, word", [(360, "", "Branches by conversions"), (1280, "#zh", "人员：转化")])
def test_a_report_of_people_is_readable_too(pages, browser, width, language, word):
    browser.show((pages / "people.html").as_uri() + language, width)
    sizes = browser.ask(SIZES)
    assert sizes["page"] <= sizes["window"] and sizes["outside"] == []
    assert word in sizes["text"] and len(sizes["charts"]) == 2 and all(h > 60 for _, h, _ in sizes["charts"])
