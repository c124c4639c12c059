"""What staff see on a terminal beyond the customer's screen: lists, who may do what, second approvals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.cli import case_list
from core.services import queues

Line = Any  # the fixture's CommandLine


def large(line: Line) -> str:
    """A request for ¥2,000.00, which two people must approve."""
    case_no: str = line.apply(line.shop.order(("alipay", 200_000)), "200000")["case_no"]
    return case_no


def test_cases_are_listed_with_what_is_due_first_on_top(line: Line) -> None:
    done = line.apply(line.shop.order())["case_no"]
    line("worker", "--until-idle")
    line("clock", "advance", "3d")
    line("worker", "--until-idle")
    late = large(line)
    line("clock", "advance", "5d")
    later = large(line)
    listed = line.ask("cases")
    assert [row["case_no"] for row in listed] == [late, later, done]
    assert set(listed[0]) == {
        "case_no", "state", "due_at", "reason", "requested_minor", "currency", "order_no", "product",
        "customer_id",
    }  # fmt: skip
    assert [row["case_no"] for row in line.ask("cases", "--limit", "1")] == [late]
    assert [row["case_no"] for row in line.ask("cases", "--state", "completed")] == [done]
    head, first, *_ = line("cases", "--lang", "zh_CN").out.splitlines()
    assert head.split() == ["退款单", "状态", "到期", "原因", "金额", "顾客", "订单", "商品"]
    assert late in first and "没收到货" in first and "¥2,000.00" in first


def test_cases_of_a_queue(line: Line) -> None:
    case_no = large(line)
    assert [row["case_no"] for row in line.ask("cases", "--queue", "review")] == [case_no]
    assert line.ask("cases", "--queue", "second") == []
    assert line("cases", "--queue", "second").out == "There are no refund requests.\n"
    line.ask("act", case_no, "approve", "--as", "lead:boss")
    assert [row["case_no"] for row in line.ask("cases", "--queue", "second")] == [case_no]
    assert line("cases", "--queue", "review", "--state", "paying").code == 2


def test_the_queues_are_those_of_the_desk() -> None:
    assert [queue.name for queue in queues.QUEUES] == list(case_list.QUEUES)


def test_orders_have_headings(line: Line) -> None:
    line.shop.order()
    head = line("orders", "--lang", "zh_CN").out.splitlines()[0]
    assert head.split() == ["订单", "顾客", "商品", "金额", "发货", "完成", "还可退"]


def test_staff_read_who_may_do_what(line: Line) -> None:
    case_no = large(line)
    allowed = line.ask("case", case_no)["events_allowed"]
    assert allowed["reviewer"] == ["approve", "reject", "ask", "offer", "dispute", "find_forgery"]
    assert allowed["lead"] == allowed["reviewer"] and "withdraw" in allowed["customer"]
    assert not {"guest", "system", "finance", "arbiter"} & set(allowed)
    said = line("case", case_no, "--lang", "zh_CN").out
    assert "approve: reviewer, lead" in said and "审核员或审核主管" in said
    assert "not_delivered_large" in said and "没收到货" in said and "还需要一次批准" not in said


@pytest.mark.parametrize(
    ("first", "roles"), [("lead:boss", "审核员或审核主管"), ("reviewer:boss", "审核主管")]
)
def test_where_a_first_approval_stands(line: Line, first: str, roles: str) -> None:
    """Its amount, its person, and who may give the second (invariant 13)."""
    case_no = large(line)
    after = line.ask("act", case_no, "approve", "--as", first)
    assert after["events"][-1]["event"] == "endorse" and after["events"][-1]["amount_minor"] == 200_000
    said = line("case", case_no, "--lang", "zh_CN").out
    assert f"还需要一次批准：¥2,000.00，由{roles}（不是 boss）" in said
    assert ("reviewer" in line.ask("case", case_no)["events_allowed"]) is True
    assert ("approve" in line.ask("case", case_no)["events_allowed"]["reviewer"]) is ("审核员" in roles)


def test_a_fee_is_said_with_its_rate(line: Line) -> None:
    order_no = line.shop.order(delivery="code_issued", completed_at=line.shop.clock.at - timedelta(hours=5))
    words = ["apply", "--order", order_no, "--reason", "other", "--amount-minor", "10000"]
    case_no = line.ask(*words, "--customer", "mei")["case_no"]
    assert "5%" in line("case", case_no).out


def test_an_account_s_credit_with_each_change(line: Line) -> None:
    """R6.5."""
    found = line.ask("credit", "mei")
    assert (found["points"], found["entries"], found["next_at"]) == (100, [], None)
    viewed = {"delivery": "code_viewed", "completed_at": line.shop.clock.at}
    case_no = line.shop.apply(line.shop.order(**viewed), reason="other").case_no
    picture = line.shop.picture(case_no)
    line(
        "act",
        case_no,
        "find_forgery",
        "--as",
        "reviewer:zhou-lan",
        "--note",
        "字体不同",
        "--picture",
        picture,
    )
    found = line.ask("credit", "mei")
    (entry,) = found["entries"]
    assert (entry["rule"], entry["case_no"], found["points"]) == ("forgery", case_no, 100 + entry["points"])
    assert entry["points"] < 0 and found["next_at"] is not None
    assert case_no in line("credit", "mei").out
    assert line("credit", "nobody").code == 1
