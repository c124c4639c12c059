"""Every word a person reads: complete in both languages, used, well set, and shown in Shanghai's time."""

from __future__ import annotations

import ast
import os
import re
import string
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from core import texts
from core.adapters import bills, pictures
from core.adapters.bills import rows
from core.domain import (
    eligibility,
    errors,
    facts,
    lifecycle,
    locator,
    masking,
    notices,
    reconciling,
    rule_cells,
    slips,
    stuck,
    vouchers,
)
from core.domain.money import exponent, plain
from core.domain.pictures import DOUBTS, WARNINGS
from core.domain.policy_changes import AGE
from core.domain.table import COLUMNS, VERDICTS, OneOf, Within
from core.services import evidence, payouts

ROOT = Path(__file__).parents[2]
ROOMS = sorted(
    {path.stem for language in texts.LANGUAGES for path in (texts.LOCALES / language).glob("*.po")}
)
ZH, EN = (texts.of(language) for language in texts.LANGUAGES)
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*(subclasses(below) for below in kind.__subclasses__()))


# Families are read by a computed key, `tx(f"reason_said.{code}")`: each needs a word for every code there is.
FAMILIES: dict[str, set[str]] = {
    "refusal": {refusal.code for refusal in subclasses(errors.Refusal)},
    "state": set(lifecycle.CASE.states),
    "status": {status for status, _ in lifecycle.PUBLIC.values()},
    "waiting_for": {who for _, who in lifecycle.PUBLIC.values()},
    "event": set(lifecycle.CASE.events),
    "role": {*lifecycle.ROLES, "you"},
    "payout_state": set(lifecycle.PAYOUT.states),
    "channel_notice": {"unknown", "differs", "contradicts", "unsigned", "stale", "unreadable"},
    "payout_event": set(lifecycle.PAYOUT.events),
    "reason_said": set(facts.REASONS),
    "kind": set(facts.KINDS),
    "channel": {*facts.CHANNELS, "transfer", *vouchers.KINDS},
    "voucher_state": set(vouchers.STATES),
    "delivery": set(facts.DELIVERIES),
    "delivery_said": set(facts.DELIVERIES),
    "evidence_kind": set(facts.EVIDENCE_KINDS),
    "evidence_hint": set(facts.EVIDENCE_KINDS),
    "route": {"original", "balance", "negotiated"},
    "verdict": set(VERDICTS),
    "verdict_said": set(VERDICTS),
    "column": {*COLUMNS, AGE},
    # `other` catches what nobody thought of.
    "picture": {*pictures.REFUSALS, "kind", "too_many", "there_already", "no_file", "other"},
    "mask": set(masking.REFUSALS),
    "picture_note": {*pictures.NOTES, evidence.ALREADY_HERE},
    "picture_warning": set(WARNINGS),
    "picture_doubt": set(DOUBTS),
    "picture_advice": {*WARNINGS, "fine", "still", "kept"},
    "slip": set(slips.CODES),
    "rule_cell": set(rule_cells.CELLS),
    "cell_may": set(rule_cells.MAY),
    "cell_help": set(rule_cells.CELLS.values()),
    "difference": set(reconciling.OWNERS),
    "difference_says": set(reconciling.OWNERS),
    "difference_state": set(reconciling.DIFFERENCE.states),
    "difference_cause": {*reconciling.CAUSES},
    "bill_kind": {*(bill.kind for bill in bills.STATEMENTS), "generic_csv"},
    "import_problem": set(rows.PROBLEM_CODES),
    "import_notice": set(rows.NOTICE_CODES),
    "law": {law.removeprefix("law.") for law in eligibility.LAWS},
    "locator": {key.removeprefix("locator.") for key in locator.KEYS},
    "notice": {f"{kind}.{part}" for kind in notices.KINDS for part in ("title", "text")},
    "notice_undated": set(notices.UNDATED),
    "notice_shop": set(notices.FOR_THE_SHOP),
    "delivery_state": {"planned", "sent", "failed"},
    "heard": set(payouts.WORDS),
    "stuck": set(stuck.CODES),
    "weekday": {str(day) for day in range(1, 8)},
    "month": {str(month) for month in range(1, 13)},
}


@cache
def catalog(language: str, room: str) -> dict[str, tuple[str, ...]]:
    path = texts.LOCALES / language / f"{room}.po"
    found = {}
    with path.open("rb") as file:
        for message in read_po(file, locale=language, abort_invalid=True):
            if message.id:
                key = message.id if isinstance(message.id, str) else message.id[0]
                found[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return found


def everything(language: str) -> dict[str, tuple[str, ...]]:
    return {key: forms for room in ROOMS for key, forms in catalog(language, room).items()}


def fields(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


# --- the code and the catalogs agree ----------------------------------------------------------------------


def sources() -> Iterator[Path]:
    for room in ("core", "portal", "pages"):
        yield from sorted((ROOT / room).rglob("*.py"))
    yield from ROOT.glob("streamlit_app.py")


def asked(tree: ast.AST) -> Iterator[tuple[int, ast.expr]]:
    """First arguments of `tx(…)`, `t(…)`, `self.tx(…)`, with both arms of an `if` else."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in ("tx", "t"):
            arms = [node.args[0]]
            while arms:
                arm = arms.pop()
                if isinstance(arm, ast.IfExp):
                    arms += [arm.body, arm.orelse]
                else:
                    yield node.lineno, arm


def pattern(node: ast.JoinedStr) -> str:
    """`f"reason_said.{code}"` as a regular expression over keys."""
    parts = (
        re.escape(part.value) if isinstance(part, ast.Constant) else r"[a-z0-9_.]+" for part in node.values
    )
    return "".join(parts)


def begins_with_a_family(node: ast.JoinedStr) -> bool:
    first = node.values[0] if node.values else None
    return isinstance(first, ast.Constant) and re.match(r"[a-z_]+\.", str(first.value)) is not None


def test_every_key_in_the_code_has_words():
    known = everything("zh_CN")
    missing = []
    for path in sources():
        for line, argument in asked(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                if argument.value not in known:
                    missing.append(f"{path.relative_to(ROOT)}:{line} {argument.value}")
            elif isinstance(argument, ast.JoinedStr):
                expression = pattern(argument)
                if not any(re.fullmatch(expression, key) for key in known):
                    missing.append(f"{path.relative_to(ROOT)}:{line} {expression}")
    assert not missing, "\n".join(missing)


def test_every_text_is_used():
    """A key is used when it stands in the code as a constant, fits an f-string, or is of a family."""
    constants: set[str] = set()
    patterns: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.JoinedStr) and begins_with_a_family(node):
                patterns.add(pattern(node))
    of_families = {f"{family}.{code}" for family, codes in FAMILIES.items() for code in codes}
    idle = [
        key
        for key in everything("zh_CN")
        if key not in constants | of_families
        and not any(re.fullmatch(expression, key) for expression in patterns)
    ]
    assert not idle, "\n".join(idle)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_complete_and_has_nothing_else(family: str):
    known = {key.removeprefix(f"{family}.") for key in everything("zh_CN") if key.startswith(f"{family}.")}
    assert known == FAMILIES[family]


# --- the catalogs agree with each other -------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_same_keys_and_parameters_in_both_languages(room: str):
    zh, en = (catalog(language, room) for language in texts.LANGUAGES)
    assert set(zh) == set(en)
    for key in zh:
        wanted = [set().union(*map(fields, forms[key])) for forms in (zh, en)]
        assert wanted[0] == wanted[1], key


@pytest.mark.parametrize(("language", "room"), list(product(texts.LANGUAGES, ROOMS)))
def test_a_catalog_is_whole(language: str, room: str):
    source = (texts.LOCALES / language / f"{room}.po").read_text(encoding="utf-8")
    keys = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert [key for key, count in Counter(keys).items() if count > 1] == [], "twice in one file"
    assert "#, fuzzy" not in source and "#~" not in source
    for key, forms in catalog(language, room).items():
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", key), key
        assert all(form.strip() or key == "list.separator" for form in forms), key
        assert len(forms) in ((1,) if language == "zh_CN" else (1, 2)), key
        assert len(forms) == 1 or all("n" in fields(form) for form in forms[1:]), key
        assert all(re.fullmatch(r"[a-z_]+", name) for form in forms for name in fields(form)), key


def test_no_key_stands_in_two_rooms():
    count = Counter(key for room in ROOMS for key in catalog("zh_CN", room))
    assert [key for key, times in count.items() if times > 1] == []


# --- how the words are set --------------------------------------------------------------------------------

CJK = r"[\u3400-\u9fff]"
BAD_IN_BOTH = {
    "an exclamation mark": r"[!！]",
    "three points for an ellipsis": r"\.\.\.",
    "a hyphen for a minus": r"(?<![\w–])-\s?[¥\d]",
    "a status code": r"\b[45]\d\d\b",
    "a code of ours": r"\b[a-z]+_[a-z_]+\b",
    "space at an end": r"^\s|\s$",
    "two spaces": r"  ",
}
BAD_IN_CHINESE = {
    "a half-width mark beside Chinese": rf"{CJK}\s?[,;:?()]|[,;:?()]\s?{CJK}|{CJK}\.(?!\w)",
    "a straight quotation mark": r"\"",
    "waiting without saying for what": r"请稍候|请稍等|请耐心等待",
    "a stiff 您": "您",
    "Latin glued to Chinese": rf"{CJK}[A-Za-z]|[A-Za-z]{CJK}",
}
BAD_IN_ENGLISH = {
    "full-width marks": r"[，。：；？（）、]",
    "Chinese": CJK,
    "a straight quotation mark": r"\"",
}
NOT_PROSE = {"list.separator", "list.next"}


def plain_words(form: str) -> str:
    """The form without its placeholders, which are not ours to judge."""
    return re.sub(r"\{[^}]*\}", "\u2060", form)


@pytest.mark.parametrize(("language", "room"), list(product(texts.LANGUAGES, ROOMS)))
def test_words_are_set_as_the_house_sets_them(language: str, room: str):
    bad = {**BAD_IN_BOTH, **(BAD_IN_CHINESE if language == "zh_CN" else BAD_IN_ENGLISH)}
    # The command line names its own options and files.
    allowed = {"a code of ours", "a status code"} if room == "cli" else set()
    found = [
        f"{key}: {what} in {form!r}"
        for key, forms in catalog(language, room).items()
        if key not in NOT_PROSE
        for form in forms
        for what, expression in bad.items()
        if what not in allowed and re.search(expression, plain_words(form))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("code", sorted(FAMILIES["refusal"] - {"evidence_refused"}))
def test_a_refusal_says_what_to_do(code: str):
    """Two sentences or a request at least: never just 'no'."""
    assert re.search(r"请|来", everything("zh_CN")[f"refusal.{code}"][0])
    assert re.search(r"[Pp]lease", everything("en")[f"refusal.{code}"][0])


# --- looking up -------------------------------------------------------------------------------------------


def test_an_unknown_language_reads_chinese():
    assert texts.of("fr") is texts.of("zh_CN")
    assert texts.of("en")("verdict.reject") == "Refuse"


def test_a_missing_text_stops_a_test_and_not_a_customer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    with pytest.raises(KeyError, match=r"no\.such"):
        ZH("no.such")
    with pytest.raises(KeyError):
        ZH("refusal.too_many_tries")
    monkeypatch.delenv("REFUND_STRICT_TEXTS")
    assert ZH("no.such") == "no.such"
    assert "过 — 分钟" in ZH("refusal.too_many_tries")
    assert "verdict.reject" in ZH and "no.such" not in ZH


def test_a_customers_braces_are_only_characters():
    nasty = "{0.__class__} {n} %s <script>"
    assert nasty in ZH("refusal.facts_invalid", problem=nasty)


def test_plurals():
    assert [EN("unit.days", n=n) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert [ZH("unit.days", n=n) for n in (0, 1, 2)] == ["0 天", "1 天", "2 天"]


# --- money ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (9990, "CNY", "¥99.90"),
        (123450, "CNY", "¥1,234.50"),
        (0, "CNY", "¥0.00"),
        (5, "CNY", "¥0.05"),
        (-4760, "CNY", "−¥47.60"),
        (-5, "CNY", "−¥0.05"),
        (500, "USD", "US$5.00"),
        (-123456789, "HKD", "−HK$1,234,567.89"),
        (500, "JPY", "JP¥500"),
        (1234, "KWD", "KWD\u00a01.234"),
        (500, "EUR", "€5.00"),
        (500, "XXQ", "XXQ\u00a05.00"),
    ],
)
def test_an_amount_is_the_same_in_both_languages(minor: int, currency: str, shown: str):
    assert ZH.money(minor, currency) == EN.money(minor, currency) == shown


@given(st.integers(-(10**14), 10**14), st.sampled_from(["CNY", "USD", "JPY", "KWD", "TWD"]))
def test_what_is_shown_is_the_amount_to_the_last_digit(minor: int, currency: str):
    """Invariant 15: nothing is rounded on the way to the screen."""
    shown = texts.money(minor, currency)
    digits = re.sub(r"[^\d.]", "", shown)
    assert digits == plain(abs(minor), currency)
    assert shown.startswith(texts.MINUS) is (minor < 0)
    assert "-" not in shown
    assert len(shown.rpartition(".")[2]) == exponent(currency) or not exponent(currency)


def test_no_two_currencies_look_alike():
    shown = [
        texts.money(100, code) for code in ("CNY", "JPY", "USD", "HKD", "TWD", "AUD", "SGD", "CAD", "KRW")
    ]
    assert len({re.sub(r"[\d.,]", "", amount) for amount in shown}) == len(shown)


# --- dates ------------------------------------------------------------------------------------------------


def both(call: str, *arguments: object, **named: object) -> tuple[str, str]:
    return tuple(getattr(tx, call)(*arguments, **named) for tx in (ZH, EN))  # type: ignore[return-value]


def test_a_date_carries_its_weekday_and_a_foreign_year():
    assert both("date", date(2026, 12, 1), NOW) == ("12月1日（周二）", "Tue 1 Dec")
    assert both("date", date(2027, 11, 23), NOW) == ("2027年11月23日（周二）", "Tue 23 Nov 2027")
    assert both("date", date(2027, 11, 23)) == ("11月23日（周二）", "Tue 23 Nov")
    assert both("day_long", date(2026, 12, 1)) == ("2026年12月1日（周二）", "Tue 1 Dec 2026")


def test_a_date_beyond_the_published_calendar_says_so():
    """Invariant 16."""
    shown = both("date", date(2027, 1, 5), NOW, provisional=True)
    assert shown == ("2027年1月5日（周二），暂定", "Tue 5 Jan 2027, provisional")
    assert both("until", datetime(2027, 1, 5, 15, 59, 59, tzinfo=UTC), NOW, provisional=True) == (
        "2027年1月5日（周二），暂定",
        "Tue 5 Jan 2027, provisional",
    )


def test_moments_are_shanghais():
    evening = datetime(2026, 11, 20, 9, 58, 59, tzinfo=UTC)
    assert both("when", evening, NOW) == ("11月20日 17:58", "20 Nov 17:58")
    assert both("when", evening - timedelta(days=365), NOW) == ("2025年11月20日 17:58", "20 Nov 2025 17:58")
    assert both("until", evening, NOW) == ("11月20日（周五）17:58", "Fri 20 Nov 17:58")
    # 31 Dec 16:00 UTC is next year in Shanghai, whose new year is no longer 'this year'.
    turn = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert both("date", turn, NOW) == ("2027年1月1日（周五）", "Fri 1 Jan 2027")
    assert both("date", turn, turn) == ("1月1日（周五）", "Fri 1 Jan")
    end = turn - timedelta(seconds=1)
    assert both("until", end, NOW) == both("date", end, NOW), "one form for the end of a day"


def test_an_instant_without_a_zone_is_refused():
    for call in ("date", "when", "until", "day_long"):
        with pytest.raises(ValueError, match="naive"):
            getattr(ZH, call)(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("span", "zh", "en"),
    [
        (timedelta(days=8, hours=3, minutes=59), "8 天 3 小时", "8 days 3 hours"),
        (timedelta(days=1), "1 天", "1 day"),
        (timedelta(days=1, minutes=5), "1 天", "1 day"),
        (timedelta(hours=1, minutes=1), "1 小时 1 分钟", "1 hour 1 minute"),
        (timedelta(minutes=59, seconds=59), "59 分钟", "59 minutes"),
        (timedelta(seconds=59), "不到 1 分钟", "less than a minute"),
        (timedelta(days=-3), "不到 1 分钟", "less than a minute"),
        (timedelta(days=292, hours=5), "292 天", "292 days"),
    ],
)
def test_a_duration_has_two_units_at_most(span: timedelta, zh: str, en: str):
    assert both("duration", span) == (zh, en)


@given(st.timedeltas(timedelta(minutes=1), timedelta(days=1000)))
def test_a_duration_never_promises_more_than_there_is(span: timedelta):
    units = {"天": timedelta(days=1), "小时": timedelta(hours=1), "分钟": timedelta(minutes=1)}
    words = ZH.duration(span).split()
    shown = sum((int(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=True)), timedelta())
    assert shown <= span < shown + timedelta(days=1)


def test_lists():
    assert both("list", ["a", "b", "c"]) == ("a、b、c", "a, b and c")
    assert both("either", ["a", "b"]) == ("a或b", "a or b")
    assert both("list", ["a"]) == ("a", "a")
    assert both("list", []) == ("", "")


# --- refusals and rules in words --------------------------------------------------------------------------


def test_a_refusal_turns_codes_and_amounts_into_words():
    refused = errors.AmountAboveRemaining(remaining_minor=4550, currency="CNY")
    assert both("refusal", refused) == (
        "这笔订单最多还能退 ¥45.50。请把金额改到这个数以内。",
        "At most ¥45.50 of this order can still be refunded. Please enter that or less.",
    )
    assert "US$45.50" in ZH.refusal(errors.AmountAboveRemaining(remaining_minor=4550, currency="USD"))
    kinds = ["product_page", "product_shown"]
    assert "商品页面截图、收到的商品截图" in ZH.refusal(errors.EvidenceMissing(kinds=kinds))
    assert ZH.refusal(errors.EvidenceMissing(kinds=set(kinds))) == ZH.refusal(
        errors.EvidenceMissing(kinds=kinds)
    )
    assert "“平台余额”" in ZH.refusal(errors.RouteUnavailable(route="balance"))
    assert "“按规则不能退”" in ZH.refusal(errors.VerdictChanged(verdict="reject", rule="redeemed"))
    assert "“已完成”" in ZH.refusal(errors.TransitionRefused("case", "completed", "pay"))
    assert "“已到账”" in ZH.refusal(errors.TransitionRefused("payout", "arrived", "send"))
    assert "图片太小" in ZH.refusal(errors.EvidenceRefused(reason="too_small"))
    assert "没能处理成功" in ZH.refusal(errors.EvidenceRefused(reason="never_heard_of"))
    assert "R1124-2014" in EN.refusal(errors.CaseAlreadyOpen(case_no="R1124-2014"))
    slips = [{"code": "text", "place": "name"}, {"code": "pair", "place": "eta_working_days.card"}]
    assert "in quotes; eta_working_days.card: write two" in EN.refusal(errors.PolicyInvalid(problems=slips))


@pytest.mark.parametrize("refusal", sorted(subclasses(errors.Refusal), key=lambda kind: kind.code))
def test_a_refusal_without_its_parameters_still_reads(
    refusal: type[errors.Refusal], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("REFUND_STRICT_TEXTS", raising=False)
    if refusal is errors.TransitionRefused:
        return
    for tx in (ZH, EN):
        assert len(tx.refusal(refusal())) > 8


def test_ranges_of_one_column_are_said_once_with_one_or():
    zh, en = texts.of("zh_CN"), texts.of("en")
    ranges = (Within(0, 4), Within(6, 6), Within(8, None))
    assert zh.tests("age_days", ranges) == "完成后的天数：0 天 到 4 天、6 天或至少 8 天"
    assert (
        en.tests("age_days", ranges) == "Days since completion: 0 days to 4 days, 6 days or at least 8 days"
    )
    credit = (Within(None, 40), Within(60, None))
    assert en.tests("credit", credit) == "Account credit: at most 40 or at least 60"
    several = OneOf(("not_delivered", "other"))
    assert zh.test("reason", several) == "退款原因：没收到货或买错了等其他原因"
    assert en.test("reason", several).count(" or ") == 1
    assert en.test("reason", OneOf(("other",))) == "Reason: Wrong purchase, or something else"


def test_a_rule_reads_as_words():
    assert both("test", "delivery", OneOf(("pending", "code_viewed"))) == (
        "发货状态：待发货或已查看",
        "Delivery: Not delivered yet or Code viewed",
    )
    assert both("test", "amount_minor", Within(None, 10_000)) == (
        "申请金额：最多 ¥100.00",
        "Amount asked for: at most ¥100.00",
    )
    assert both("test", "credit", Within(60, None)) == ("账户信用：至少 60", "Account credit: at least 60")
    assert both("test", "days_left", Within(1, 3)) == (
        "离退款期限：1 天 到 3 天",
        "Time left to ask: 1 day to 3 days",
    )
    assert both("test", "days_left", Within(0, None)) == ("还在退款期限内", "Still in time to ask")
    assert both("test", "days_left", Within(None, -1)) == ("已过退款期限", "The time to ask is over")
    assert both("test", "evidence_complete", OneOf((True,))) == ("凭证齐全：是", "Evidence complete: yes")
    assert both("test", "recent_refunds", Within(3, 3)) == ("近期退款次数：3", "Recent refunds: 3")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_value_of_every_column_has_words(column: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUND_STRICT_TEXTS", "1")
    for tx, value in product((ZH, EN), COLUMNS[column].values or (-2, 0, 7)):
        assert tx.value(column, value)
        assert tx.test(column, OneOf((value,)))


# --- start-up ---------------------------------------------------------------------------------------------


def test_words_cost_nothing_until_they_are_read():
    """Babel and the calendar are imported at first use."""
    code = "import sys, core.texts; print({'babel', 'holidays', 'sqlalchemy', 'pydantic'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
