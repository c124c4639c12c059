"""What waits for the demo's staff: an offer, talks, a forgery and its appeal, a dispute, look-alikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.adapters.world import App
from core.domain.actors import Actor
from core.domain.settlement import Payee
from core.domain.terms import Terms
from core.services import cases, credit, evidence
from core.services.demo.screens import screen

REVIEWER, REVIEWER_2 = Actor("reviewer", "zhou-lan"), Actor("reviewer", "qian-yu")
OWNERS = {
    "offered": "c05", "talks": "c08", "forged": "c10", "appealed": "c04", "disputed": "c09", "alike-1": "c08",
    "alike-2": "c05", "alike-3": "c10", "large": "c03",
}  # fmt: skip


class Desk:
    """Tells the stories of the desk; `at` is the shop at the time of the telling."""

    def __init__(self, told: Mapping[str, str]) -> None:
        self._orders = told
        self._cases: dict[str, str] = {}

    def on(self, day: int, at: App) -> None:
        """What happened so many days ago."""
        if day == 3:
            self._apply(
                at, "offered", "service_failed", 23_808, "开通后只看了两天就提示会员失效。", "missing_service"
            )
            self._apply(at, "talks", "service_failed", 8_808, "说好当天充，一直没有动静。", "missing_service")
            self._apply(
                at, "forged", "not_as_described", 10_008, "面值不对。", "product_page", "product_shown"
            )
            self._apply(at, "appealed", "other", 61_808, "买错了版本。")
            self._apply(at, "disputed", "other", 16_808, "激活时提示密钥已被使用，我没有用过。")
        elif day == 2:
            self._act(at, "talks", REVIEWER, "approve", Terms("情况属实。"))
            self._act(at, "appealed", REVIEWER, "reject", Terms("密钥已经查看过，无法收回再卖。"))
            self._act(at, "disputed", REVIEWER, "ask", Terms("请说明在哪台电脑上激活，看到了什么提示。"))
        elif day == 1:
            part = "会员用了一段时间，我们退没有用的部分。"
            self._act(at, "offered", REVIEWER, "offer", Terms(part, 16_000, "original"))
            self._picture(at, "talks", "account_closed", "Account", [("Status", "Closed on 20 Nov")])
            payee = Payee("card", "吴桐", "6222021234561234")
            wish = Terms("原来付款的支付宝已经注销了。", way="transfer", payee=payee)
            self._act(at, "talks", self._owner("talks"), "propose", wish)
            self._find_forgery(at)
            self._picture(
                at, "appealed", "other", "License", [("Activations", "0 of 1"), ("Status", "Unused")]
            )
            words = Terms("官网显示这张密钥从没有激活过，见截图。")
            self._act(at, "appealed", self._owner("appealed"), "appeal", words)
            dispute = Terms("我没有用过，请第三方判断。")
            self._act(at, "disputed", self._owner("disputed"), "dispute", dispute)

    def today(self, at: App) -> None:
        for story in ("alike-1", "alike-2", "alike-3"):
            self._apply(at, story, "other", 9_908, "买重了，密钥没有用过。")
        self._apply(at, "large", "other", 161_800, "公司统一采购了，这份用不上。")

    def _find_forgery(self, at: App) -> None:
        picture = cases.view(at, REVIEWER, self._cases["forged"]).evidence[1].id
        why = "第二张截图里的面值和字体与官网页面不一致，像是改过的。"
        self._act(at, "forged", REVIEWER, "find_forgery", Terms(why, picture=picture))
        entry = credit.account(at, REVIEWER, "c10").entries[0]
        words = "截图是真的，手机调大了字体，所以看起来不一样。"
        credit.appeal(at, self._owner("forged"), entry.id, words, "demo-forged-appeal")

    def _owner(self, story: str) -> Actor:
        return Actor("customer", OWNERS[story])

    def _apply(self, at: App, story: str, reason: str, minor: int, words: str, *kinds: str) -> None:
        actor, order_no = self._owner(story), self._orders[story]
        if kinds:
            self._cases[story] = cases.open_draft(at, actor, order_no).case_no
        for kind in kinds:
            rows = [
                ("Order", order_no),
                ("Page", kind.replace("_", " ")),
                ("Amount", f"CNY {minor / 100:.2f}"),
            ]
            self._picture(at, story, kind, "My orders", rows)
        sent: Any = cases.apply(
            at, actor, order_no, reason, minor, command_id=f"demo-{story}", description=words
        )
        self._cases[story] = sent.case_no

    def _picture(self, at: App, story: str, kind: str, title: str, rows: list[tuple[str, str]]) -> None:
        evidence.add(at, self._owner(story), self._cases[story], kind, screen(title, rows))

    def _act(self, at: App, story: str, actor: Actor, event: str, terms: Terms) -> None:
        cases.act(at, actor, self._cases[story], event, f"demo-{story}-{event}", terms)
