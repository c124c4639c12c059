"""The policy document: what ships, what is refused and in which words, and the page that explains it."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from core import texts
from core.domain import policy, slips
from core.domain.errors import PolicyInvalid
from core.domain.policy import SHIPPED, Policy, cached, load, shipped
from core.domain.slips import from_pydantic
from core.domain.table import COLUMNS, PLACEHOLDERS, VERDICTS
from tests import pinned
from tests.claims import STANDARD

TEXT = policy.shipped("standard")
PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


@pytest.mark.parametrize(
    ("section", "figures"),
    [
        ("window_days", {"game_card": 7, "top_up": 7, "membership": 15, "software_key": 15, "other": 7}),
        ("working_days", {"review_least": 1, "review_most": 3, "appeal": 7}),
        (
            "eta_working_days",
            {"alipay": (1, 2), "wechat": (1, 2), "card": (3, 5), "balance": (0, 0)},
        ),
        ("balance", {"expires_after_days": 365}),
        ("fee_basis_points", {"other": 500}),
        ("limits", {"arrival_overdue_working_days": 5}),
    ],
)
def test_the_figures_of_the_article_are_what_ships(section: str, figures: dict[str, Any]) -> None:
    """R1.3, R3.2, R3.6, R4.1, R4.4, R4.6, R5.4. A shop that decides otherwise changes its line here too."""
    shipped_one = getattr(load(TEXT), section)
    found = shipped_one if isinstance(shipped_one, dict) else shipped_one.model_dump()
    assert {name: found[name] for name in figures} == figures


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_loads_and_speaks_both_languages(name: str) -> None:
    found = load(policy.shipped(name))
    assert found.name == name
    for rule in found.rules:
        assert re.search(r"[\u4e00-\u9fff]", rule.words["zh"])
        assert not re.search(r"[\u3000-\u9fff\uff01-\uff60]", rule.words["en"]), "signs such as ¥ may be"
        wanted = {each for each in PLACEHOLDERS if f"{{{each}}}" in rule.words["zh"]}
        assert wanted == {each for each in PLACEHOLDERS if f"{{{each}}}" in rule.words["en"]}


def test_a_policy_from_before_the_limits_of_evidence_is_still_one() -> None:
    """R2.3: a shop's own document that does not name them has 10 MB and 9 files."""
    older = TEXT.replace("evidence_megabytes = 10\n", "").replace("evidence_files = 9\n", "")
    assert len(older) < len(TEXT)
    for was_published in (False, True):
        limits = load(older, was_published=was_published).limits
        assert (limits.evidence_megabytes, limits.evidence_files) == (10, 9)


def test_an_unknown_line_is_named_beside_other_mistakes() -> None:
    """Whoever mends one mistake does not want to meet the next one only then."""
    text = TEXT.replace("top_up = 7", "top_upp = 7").replace("review_most = 3", 'review_most = "3"')
    with pytest.raises(PolicyInvalid) as refused:
        load(text)
    found = {(slip["code"], slip["place"]) for slip in refused.value.params["problems"]}
    assert found == {
        ("whole_number", "working_days.review_most"),
        ("unknown", "window_days.top_upp"),
        ("missing", "window_days.top_up"),
    }
    with pytest.raises(PolicyInvalid) as refused:
        load(TEXT.replace("top_up = 7", "top_upp = 7"))
    places = [slip["place"] for slip in refused.value.params["problems"]]
    assert sorted(places) == ["window_days.top_up", "window_days.top_upp"]


def test_only_what_ships_ships() -> None:
    with pytest.raises(KeyError):
        policy.shipped("../../etc/passwd")


REDEEMED = {
    "id": "redeemed",
    "when": {"delivery": "redeemed"},
    "verdict": "reject",
    "zh": "已于 {delivery_at} 核销。",
    "en": "Redeemed on {delivery_at}.",
}
TO_A_PERSON = {
    "id": "to_a_person",
    "when": {},
    "verdict": "review",
    "zh": "由专人核对。",
    "en": "A person checks.",
}
SLIPS = [
    (("window_days", "game_card"), -1, "at_least", "window_days.game_card"),
    (("window_days", "game_card"), 4000, "at_most", "window_days.game_card"),
    (("window_days", "game_card"), 7.5, "whole_number", "window_days.game_card"),
    (("window_days", "game_card"), "7", "whole_number", "window_days.game_card"),
    (("window_days", "game_card"), None, "missing", "window_days.game_card"),
    (("window_days", "gift"), 3, "unknown", "window_days.gift"),
    (("window_days",), None, "missing_section", "window_days"),
    (("window_days",), 7, "section", "window_days"),
    (("limits",), "none", "section", "limits"),
    (("limits", "second_approval_minor"), None, "missing", "limits.second_approval_minor"),
    (("limits", "second_approval_minor"), True, "whole_number", "limits.second_approval_minor"),
    (("working_days", "review_least"), 30, "above_other", "working_days.review_least"),
    (("working_days", "lunch"), 1, "unknown", "working_days.lunch"),
    (("eta_working_days", "card"), [5, 3], "span", "eta_working_days.card"),
    (("eta_working_days", "card"), [3], "pair", "eta_working_days.card"),
    (("eta_working_days", "card"), [3, 4, 5], "pair", "eta_working_days.card"),
    (("eta_working_days", "card"), 3, "list", "eta_working_days.card"),
    (("delivery", "counts_from"), "sent", "choice", "delivery.counts_from"),
    (("fee_basis_points", "other"), 10_001, "at_most", "fee_basis_points.other"),
    (("fx_borne_by", "other"), "bank", "choice", "fx_borne_by.other"),
    (("balance", "fee_waived"), "yes", "yes_no", "balance.fee_waived"),
    (("evidence", "service_failed"), ["missing"], "choice", "evidence.service_failed"),
    (("evidence", "service_failed"), ["other", "other"], "value_twice", "evidence.service_failed"),
    (("evidence", "service_failed"), [1], "text", "evidence.service_failed.0"),
    (("titles", "zh"), "", "text", "titles.zh"),
    (("titles", "zh"), "长" * 61, "too_long", "titles.zh"),
    (("name",), None, "missing", "name"),
    (("colour",), "red", "unknown", "colour"),
    (("rules",), None, "no_rules", "rules"),
    (("rules",), [3], "rule_shape", "rules.1"),
    (("rules", 0, "when", "deliverd"), False, "unknown", "rules.redeemed.when.deliverd"),
    (("rules", 0, "when", "delivered"), "no", "choice", "rules.redeemed.when.delivered"),
    (("rules", 0, "when", "reason"), [], "empty_list", "rules.redeemed.when.reason"),
    (("rules", 0, "when", "credit"), "low", "numbers", "rules.redeemed.when.credit"),
    (("rules", 0, "when", "credit"), {">": 1, "from": 3}, "two_bounds", "rules.redeemed.when.credit"),
    (("rules", 0, "when", "credit"), {"from": 3, "to": 1}, "never_holds", "rules.redeemed.when.credit"),
    (("rules", 0, "when", "credit"), {"under": 3}, "unknown", "rules.redeemed.when.credit.under"),
    (("rules", 0, "when", "amount_minor"), {"below": 1}, "below_least", "rules.redeemed.when.amount_minor"),
    (("rules", 0, "when"), "always", "when_shape", "rules.redeemed.when"),
    (("rules", 0, "verdict"), "no", "choice", "rules.redeemed.verdict"),
    (("rules", 0, "fee_basis_points"), -1, "number_between", "rules.redeemed.fee_basis_points"),
    (("rules", 0, "zh"), "{days}", "placeholder", "rules.redeemed.zh"),
    (("rules", 0, "zh"), "{", "braces", "rules.redeemed.zh"),
    (("rules", 0, "en"), None, "words_missing", "rules.redeemed.en"),
    (("rules", 0, "id"), "two words", "identifier", "rules.two words.id"),
    (("rules", 1, "id"), "redeemed", "rule_twice", "rules.redeemed"),
]


@pytest.mark.parametrize(("path", "value", "code", "place"), SLIPS)
def test_a_document_that_is_wrong_says_where(
    path: tuple[str | int, ...], value: Any, code: str, place: str
) -> None:
    """R6.3: whoever changes a rule is told the place and what would be right."""
    problem, said = _refused(_changed(path, value))
    assert (problem["code"], problem["place"]) == (code, place)
    assert place in said["en"] or code == "no_rules"


@pytest.mark.parametrize(("path", "value", "code", "place"), SLIPS)
def test_what_is_wrong_is_told_in_the_authors_language(
    path: tuple[str | int, ...], value: Any, code: str, place: str
) -> None:
    """R6.3: no English in Chinese, but for names and values as the document writes them."""
    problem, said = _refused(_changed(path, value))
    words = said["zh_CN"]
    for name, written in problem.items():
        if name != "code":
            words = words.replace(str(written), "")
    assert not re.findall(r"[A-Za-z]+ [A-Za-z]+", words), words
    assert re.search("[\u4e00-\u9fff]{3}", words)
    assert not re.search("[\u4e00-\u9fff]", said["en"].replace(str(problem.get("example")), ""))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("name", 1, 5), ('name = "a"\nname = "b"\n', 2, 11), ("\n\n[limits\n", 3, 8), ('a = """', 1, 8)],
)
def test_what_is_no_toml_says_the_line(text: str, line: int, column: int) -> None:
    problem, said = _refused(text)
    assert (problem["code"], problem["line"], problem["column"]) == ("not_toml", line, column)
    assert f"第 {line} 行" in said["zh_CN"] and f"line {line}," in said["en"]


@pytest.mark.parametrize(
    ("line", "sign", "plain"),
    [
        ("name = “mine”", "“", '"'),
        ('name = "mine”', "”", '"'),
        ('reason = ["other"，"duplicate_charge"]', "，", ","),
        ("days ＝ 7", "＝", "="),
    ],
)
def test_a_full_width_sign_is_named(line: str, sign: str, plain: str) -> None:
    """It looks right, and a Chinese keyboard writes it; in sentences and comments it is one."""
    problem, said = _refused(f'en = "“a，b”"  # ，\n{line}\n')
    assert (problem["code"], problem["line"], problem["sign"]) == ("full_width", 2, sign)
    for words in said.values():
        assert sign in words and plain in words


def test_a_number_in_quotes_is_shown_with_them() -> None:
    """'Without quotes; it is 7' would be no mistake."""
    problem, said = _refused(pinned.TEXT.replace("\ngame_card = 7", '\ngame_card = "7"'))
    assert (problem["code"], problem["value"]) == ("whole_number", '"7"')
    assert '"7"' in said["en"] and '"7"' in said["zh_CN"]


def test_a_library_that_says_something_new_still_gives_the_place() -> None:
    slip = from_pydantic({"type": "never_heard_of", "loc": ("limits", "draft"), "input": 1}, {})
    assert (slip.code, slip.place) == ("unfit", "limits.draft")


def test_every_slip_of_a_policy_is_tried() -> None:
    """A code that is not tried above may speak English, or no language."""
    elsewhere = {
        "not_utf8",
        "not_toml",
        "bare_key",
        "full_width",
        "too_deep",
        "unfit",
        "too_many",
        "entangled",
        "secret",
    }
    elsewhere |= {"not_json", "fact", "fact_missing", "paid_later"}  # of facts files
    elsewhere |= {code for code in slips.CODES if code.startswith("history_")}  # see adapters/test_history
    assert {code for _, _, code, _ in SLIPS} == set(slips.CODES) - elsewhere


def test_a_word_that_no_policy_has_yet_is_written_as_its_neighbour_is() -> None:
    """Who adds a kind of goods meets this in the shipped policy first: it is no example of itself then."""
    found = slips.missing(("window_days", "gift_card"), {"window_days": {"game_card": 7}})
    assert (found.code, found.params) == ("missing", {"example": "gift_card = 7"})


def _changed(path: tuple[str | int, ...], value: Any) -> str:
    """A document of two rules with another value at `path`; None: without it."""
    document = deepcopy({**pinned.DOCUMENT, "rules": [REDEEMED, TO_A_PERSON]})
    inside: Any = document
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = value
    if value is None:
        del inside[path[-1]]
    return pinned.written(document)


def _refused(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The first problem of a document, and the refusal in each language."""
    with pytest.raises(PolicyInvalid) as refused:
        load(text)
    said = {language: texts.of(language).refusal(refused.value) for language in texts.LANGUAGES}
    return refused.value.params["problems"][0], said


def test_every_mistake_is_told_at_once() -> None:
    """R6.3: not one a try."""
    wrong = _changed(("window_days", "game_card"), -1).replace('verdict = "review"', 'verdict = "no"')
    with pytest.raises(PolicyInvalid) as refused:
        load(wrong)
    assert [problem["place"] for problem in refused.value.params["problems"]] == [
        "rules.to_a_person.verdict",
        "window_days.game_card",
    ]


def test_a_checked_policy_cannot_be_changed() -> None:
    """R6.4: a version is what it is."""
    with pytest.raises(ValidationError):
        STANDARD.name = "other"  # type: ignore[misc]
    assert isinstance(STANDARD.rules, tuple)


def test_the_page_explains_every_figure_and_every_column() -> None:
    """R6.3: a newcomer finds each line of the document, each column and each verdict in docs/policy.md."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = {*COLUMNS, *VERDICTS, *PLACEHOLDERS, *(f"[{name}]" for name in _tables()), *_figures(Policy)}
    assert [each for each in sorted(wanted) if f"`{each}`" not in page] == []


def _tables() -> list[str]:
    return [line[1 : line.index("]")] for line in TEXT.splitlines() if re.match(r"\[\w+\]", line)]


def _figures(model: type[BaseModel]) -> set[str]:
    """Names of single figures; those by kind, reason or channel go by their table."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= _figures(kind)
        elif model is not Policy:
            found.add(name)
    return found


def test_a_published_document_outlives_what_the_code_learns_later() -> None:
    """R6.4: old versions decide again, whatever was added since; a new document must be whole."""
    old = "\n".join(line for line in TEXT.splitlines() if not line.startswith("card = "))
    with pytest.raises(PolicyInvalid):
        load(old)
    kept = cached(old)
    assert kept.channel_days == load(shipped("standard")).channel_days
