"""The policy lab in a browser: change a window, see who moves, ask; another puts it in force (R6.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from core.services import policies, policy_publishing
from tests.browser.conftest import RunningApp, serving
from tests.browser.journeys.conftest import Shop, Visit, at_the_desk, fill_in
from tests.browser.journeys.test_people import core

Pages = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A shop of its own: what comes into force here would change what other journeys meet."""
    with serving(tmp_path_factory.mktemp("lab")) as running:
        yield running


def in_the_lab(pages: Pages, width: int, lang: str, person: str, path: str = "/lab?view=text") -> Visit:
    seat = at_the_desk(pages, width, lang, person)
    seat.go(path)
    expect(seat.page.locator(".st-key-card-lab-replay")).to_be_visible()
    expect(seat.page.locator("textarea")).to_have_value(re.compile(r"\[\[rules\]\]"))
    expect(seat.page.locator(".st-key-card-lab-checks")).to_be_visible()
    return seat


def window(app: RunningApp) -> int:
    return policies.current(core(app))[1].window_days["software_key"]


@pytest.mark.parametrize(("width", "lang"), [(1280, "zh_CN"), (360, "en")])
def test_from_a_changed_window_to_a_policy_in_force(
    page_factory: Pages, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    days = window(app)
    late = shop.order("redeemed", minor=5_000, days_ago=days + 2, kind="software_key")
    author = in_the_lab(page_factory, width, lang, "lu-jing")
    author.is_sound()
    text = author.page.locator("textarea")
    text.fill(text.input_value().replace(f"software_key = {days}", f"software_key = {days + 5}", 1))
    author.page.locator(".st-key-lab-try button").click()
    ages = author.tx("column.age_days")
    expect(author.page.locator(".st-key-card-lab-changes")).to_contain_text(ages)
    author.is_sound()
    author.page.get_by_label(author.tx("lab.meant")).fill("五天 <b>更多</b>")
    author.page.locator(".st-key-card-lab-ask button").click()
    expect(author.page.locator(".st-key-card-lab-decide")).to_contain_text("五天 <b>更多</b>")
    expect(author.page.locator(".st-key-card-lab-decide")).to_contain_text(author.tx("lab.draft.waits"))
    author.is_sound()
    assert window(app) == days

    second = in_the_lab(page_factory, width, lang, "tang-wei")
    second.page.get_by_role("link", name="五天 <b>更多</b>").first.click()
    expect(second.page.locator(".st-key-card-lab-changes")).to_contain_text(ages)
    decide = second.page.locator(".st-key-card-lab-decide")
    expect(decide).to_contain_text(f"{second.tx('unit.days', n=days)} → {second.tx('unit.days', n=days + 5)}")
    second.is_sound()
    decide.get_by_role("button", name=second.tx("lab.draft.approve"), exact=False).click()
    expect(second.page.locator(".done[role=status]")).to_be_in_viewport()
    version = second.tx("lab.draft.approved", version=policies.newest(core(app)))
    expect(second.page.locator(".st-key-card-lab-decide")).to_contain_text(version)
    second.is_sound()
    assert window(app) == days, "not before tomorrow"
    buyer = Visit(page_factory(width, lang), author.tx)
    buyer.page.request.get(f"/session/lang?lang={lang}&to=/robots.txt")
    buyer.page.request.get(f"/session/demo?as={late.person}&to=/robots.txt")
    fill_in(buyer, late, "reason_said.other")
    buyer.sees(buyer.tx("request.verdict.reject"))
    app.core("clock", "advance", "24h")
    assert window(app) == days + 5
    buyer.go("/help")
    buyer.sees(buyer.tx("unit.days", n=days + 5))


@pytest.mark.parametrize(("width", "lang"), [(1280, "en"), (360, "zh_CN")])
def test_a_figure_is_tried_in_the_form_and_as_a_curve(
    page_factory: Pages, shop: Shop, app: RunningApp, width: int, lang: str
) -> None:
    """R6.3: a figure, who loses by it and why, its curve, a point taken over; text and form agree."""
    order = shop.order(minor=30_000)
    app.core(
        "apply", "--order", order.order_no, "--reason", "not_delivered", "--amount-minor", "30000",
        "--customer", order.person,
    )  # fmt: skip
    author = in_the_lab(page_factory, width, lang, "lu-jing")
    tx, page = author.tx, author.page
    look(author, "form")
    choose(author, "card-lab-form", tx("policy_section.limits"))
    limit = page.get_by_label(tx("policy_figure.limits.second_approval_minor"))
    limit.fill("100")
    limit.press("Enter")
    expect(page.locator(".st-key-lab-gist .gist")).to_be_visible()
    loser = page.locator(".st-key-card-lab-who summary").filter(has_text="¥300.00")
    loser.first.click()
    expect(page.locator(".st-key-card-lab-who details[open]")).to_contain_text("not_delivered")
    expect(page.locator(".st-key-lab-flow svg text").first).to_be_visible()
    author.is_sound()
    expect(page.locator(".st-key-card-lab-sweep input[type=number]").first).to_have_value("20.00")
    page.get_by_role("button", name=tx("lab.sweep.draw"), exact=False).click()
    expect(page.locator(".st-key-card-lab-sweep svg.marks")).to_be_visible()
    author.is_sound()
    choose(author, "lab-sweep-take", "¥200.00")
    page.get_by_role("button", name=tx("lab.sweep.take"), exact=False).click()
    expect(limit).to_have_value("200.00")
    look(author, "text")
    expect(page.locator("textarea")).to_have_value(re.compile("second_approval_minor = 20000\n"))


def look(visit: Visit, view: str) -> None:
    """The same document through another view."""
    button = visit.page.get_by_role("radio", name=visit.tx(f"lab.view.{view}"), exact=True)
    button.click()
    expect(visit.page).to_have_url(re.compile(rf"[?&]view={view}\b"))
    visit.settle()


def in_the_grid(visit: Visit, row: int, column: int, typed: str, was: str) -> None:
    """A cell of the grid by keyboard, as far to the right as `column` says; it held `was`."""
    grid = visit.page.locator(".st-key-lab-grid canvas").first
    grid.evaluate("each => each.scrollIntoView({ block: 'end' })")
    box = grid.bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + 60, box["y"] + 35 + 40 * row + 20)
    # As it tells a screen reader: keys that come before it took the one before go astray.
    for place in range(column + 1):
        if place:
            visit.page.keyboard.press("ArrowRight")
        expect(grid.locator(f"#glide-cell-{place}-{row}[aria-selected=true]")).to_be_attached()
    visit.page.keyboard.press("Enter")
    field = visit.page.locator("textarea.gdg-input")
    expect(field).to_have_value(was)
    field.fill(typed)
    field.press("Enter")
    expect(field).to_have_count(0)
    visit.settle()


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_a_cell_of_the_grid_is_a_place_in_the_text(page_factory: Pages, app: RunningApp, lang: str) -> None:
    """R6.3: typed in the grid, seen in the text and the results; a reload shows the grid again."""
    author = in_the_lab(page_factory, 1280, lang, "lu-jing")
    page = author.page
    before = page.locator("textarea").input_value()
    rows = page.locator("textarea").evaluate(
        "e => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)"
    )
    assert rows >= 24, "a document has some 250"
    look(author, "table")
    author.is_sound()
    names = [rule.id for rule in policies.current(core(app))[1].rules]
    place = names.index("not_delivered")
    in_the_grid(author, place, 7, "<= 10", "≤ 500")
    parted = page.locator(".st-key-lab-parted-0")
    expect(parted).to_contain_text("not_delivered_large")
    expect(page.locator(".st-key-lab-gist")).to_contain_text(re.compile(r"\d"))
    expect(page.locator(".st-key-card-lab-changes")).to_contain_text("¥10.01")
    author.is_sound()
    parted.get_by_role("button").click()
    expect(parted).to_have_count(0)
    in_the_grid(author, place + 1, 7, "many", "> 10")
    expect(page.locator(".st-key-card-lab-table .alert")).to_contain_text("many")
    author.is_sound()
    look(author, "text")
    wanted = before.replace("order_refund_minor = { up_to = 50000 }", "order_refund_minor = { up_to = 1000 }")
    wanted = wanted.replace("{ above = 50000 }", "{ above = 1000 }")
    expect(page.locator("textarea")).to_have_value(wanted)
    look(author, "table")
    page.reload()
    expect(page.locator(".st-key-lab-grid canvas").first).to_be_visible()


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_on_a_phone_one_rule_at_a_time_is_changed(page_factory: Pages, app: RunningApp, lang: str) -> None:
    """The grid would be a keyhole: the same rule as a form, what it does in one line, and the way there."""
    author = in_the_lab(page_factory, 360, lang, "lu-jing")
    tx, page = author.tx, author.page
    look(author, "table")
    expect(page.locator(".st-key-lab-grid")).to_be_hidden()
    names = [rule.id for rule in policies.current(core(app))[1].rules]
    number = names.index("redeemed") + 1
    choose(author, "card-lab-rule", f"{number}. redeemed")
    expect(page.get_by_label(tx("rule_cell.id"), exact=True)).to_have_value("redeemed")
    author.settle()  # what can be done with a rule is about the one of the last run
    author.is_sound()
    page.get_by_role("button", name=tx("lab.rule.add"), exact=False).click()
    found = page.locator(".st-key-card-lab-table").get_by_role("listitem")
    expect(found).to_contain_text("redeemed_faulty")
    expect(page.get_by_label(tx("rule_cell.id"), exact=True)).to_have_value("rule_1")
    author.is_sound()
    link = page.locator(".gist > a")
    link.click()
    expect(page.locator(".st-key-card-lab-costs h2")).to_be_in_viewport()
    look(author, "read")
    expect(page.locator(".st-key-lab-read")).to_contain_text(tx("lab.rule.fresh"))
    author.is_sound()


def choose(visit: Visit, card: str, name: str) -> None:
    """One of the options of the first choice of a tile, by a part of its name."""
    box = visit.page.locator(f".st-key-{card} [data-testid=stSelectbox]").first.get_by_role("combobox")
    box.click()
    box.fill(name)  # a long list shows what is in sight only
    visit.page.get_by_role("option", name=name).first.click()
    visit.settle()


def test_what_cannot_be_published_is_not_asked_for(page_factory: Pages, app: RunningApp) -> None:
    author = in_the_lab(page_factory, 1280, "zh_CN", "lu-jing")
    text = author.page.locator("textarea")
    text.fill(text.input_value().replace("[[rules]]", "[[rules", 1))
    author.page.locator(".st-key-lab-try button").click()
    expect(author.page.locator(".st-key-card-lab-invalid")).to_contain_text(re.compile(r"第 \d+ 行"))
    expect(author.page.locator(".st-key-card-lab-ask")).to_have_count(0)
    author.is_sound()


def test_a_text_that_nobody_asked_for_is_there_after_the_session(page_factory: Pages) -> None:
    """The session on the server is lost by a reload as by a sign-in again; the tab still has the text."""
    author = in_the_lab(page_factory, 1280, "zh_CN", "lu-jing")
    text = author.page.locator("textarea")
    changed = text.input_value().replace("second_approval_minor", "second_approval_minor  ", 1)
    text.fill(changed)
    author.page.locator(".st-key-lab-try button").click()
    expect(author.page.get_by_text(author.tx("lab.unsaved"))).to_be_visible()
    author.page.reload()
    expect(author.page.get_by_text(author.tx("lab.kept.back"))).to_be_visible()
    expect(author.page.locator("textarea")).to_have_value(changed)
    author.is_sound()


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_a_newer_version_takes_nothing_and_is_not_taken_back(
    page_factory: Pages, app: RunningApp, width: int, lang: str
) -> None:
    """R6.3: published while somebody edits: told, kept through a reload, and carried over at a click."""
    author = in_the_lab(page_factory, width, lang, "lu-jing")
    tx, page, own = author.tx, author.page, core(app)
    text = page.locator("textarea")
    mine = re.sub(r"\ntop_up = \d+", f"\ntop_up = {width % 100 + 5}", text.input_value(), count=1)
    text.fill(mine)
    version, document, _ = policies.last_document(own)
    theirs = re.sub(r"\nreview_most = \d+", f"\nreview_most = {width % 7 + 4}", document, count=1)
    with own.begin() as conn:
        newest = policy_publishing.publish(own, conn, theirs, author="zhao", approved_by="tang-wei")
    page.locator(".st-key-lab-try button").click()
    newer = page.locator(".st-key-card-lab-newer")
    expect(newer).to_contain_text(tx("lab.newer", version=newest, began=version))
    expect(page.locator(".st-key-card-lab-ask button")).to_be_disabled()
    author.is_sound()
    page.reload()
    expect(newer).to_contain_text(tx("lab.newer", version=newest, began=version))
    author.settle()
    expect(text).to_have_value(mine)
    newer.get_by_role("button").click()
    expect(newer).to_have_count(0)
    expect(page.get_by_text(tx("lab.newer.carried", version=newest))).to_be_visible()
    author.settle()  # the field of the older text goes with the end of the run
    expect(text).to_have_value(re.compile(f"top_up = {width % 100 + 5}\n"))
    expect(text).to_have_value(re.compile(f"review_most = {width % 7 + 4}\n"))
    picker = page.locator(".st-key-lab-base").get_by_role("combobox")
    expect(picker).to_have_value(tx("lab.base.last", version=newest))
    expect(page.locator(".st-key-card-lab-ask button")).to_be_enabled()
    author.is_sound()


@pytest.mark.parametrize(("width", "lang"), [(360, "zh_CN"), (1280, "en")])
def test_what_is_to_begin_later_is_called_off_while_somebody_writes_on_it(
    page_factory: Pages, app: RunningApp, width: int, lang: str
) -> None:
    """R6.3: with a reason, alone; whoever wrote on it hears why, also after a reload, and keeps the edits."""
    own = core(app)
    before, document, _ = policies.last_document(own)
    theirs = re.sub(r"\nreview_most = \d+", f"\nreview_most = {width % 5 + 20}", document, count=1)
    with own.begin() as conn:
        version = policy_publishing.publish(
            own,
            conn,
            theirs,
            author="zhao",
            approved_by="tang-wei",
            in_force_from=own.now() + timedelta(days=3),
        )
    author = in_the_lab(page_factory, width, lang, "lu-jing")
    tx, page = author.tx, author.page
    text = page.locator("textarea")
    mine = re.sub(r"\ntop_up = \d+", f"\ntop_up = {width % 100 + 30}", text.input_value(), count=1)
    text.fill(mine)
    page.locator(".st-key-lab-try button").click()
    expect(page.locator(".st-key-card-lab-ask button")).to_be_enabled()
    author.settle()

    second = in_the_lab(page_factory, width, lang, "tang-wei")
    label = tx("lab.schedule.call_off", version=version)
    second.page.locator(".st-key-card-lab-schedule").get_by_role("button", name=label).click()
    field = second.page.get_by_label(tx("lab.schedule.why"))
    field.fill("Only <b>half</b> of it was meant")
    second.is_sound()
    field.press("Enter")
    said = second.page.locator(".done[role=status]")
    expect(said).to_have_text(re.compile(re.escape(tx("policy.called_off", version=version, holds=before))))
    expect(second.page.locator(".st-key-card-lab-schedule")).to_have_count(0)
    second.is_sound()

    page.reload()
    newer = page.locator(".st-key-card-lab-newer")
    expect(newer).to_contain_text(tx("lab.newer.called_off", version=before, began=version))
    expect(newer).to_contain_text("Only <b>half</b> of it was meant")
    author.settle()
    expect(text).to_have_value(mine)
    author.is_sound()
    newer.get_by_role("button").click()
    expect(newer).to_have_count(0)
    author.settle()
    expect(text).to_have_value(re.compile(f"top_up = {width % 100 + 30}\n"))
    expect(text).not_to_have_value(re.compile(f"review_most = {width % 5 + 20}\n"))
    expect(page.locator(".st-key-card-lab-ask button")).to_be_enabled()


def test_the_table_takes_the_whole_width(page_factory: Pages) -> None:
    author = in_the_lab(page_factory, 1280, "zh_CN", "lu-jing")
    look(author, "table")
    grid = author.page.locator(".st-key-lab-grid").bounding_box()
    assert grid is not None and grid["width"] > 1_100, "of 1280; beside the results it had 700"
