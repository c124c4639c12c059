"""Notices on their way out: real SMTP, real HTTP, far ends that refuse; and no secret in any trace of it."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from core.adapters.notifiers import CUSTOMER, Letter, NotDelivered, Notifiers, targets
from core.app import Settings, from_environment
from core.domain.errors import SettingInvalid
from tests.farends import Bot, Mailbox, mail_server

LETTER = Letter(
    number="0123456789abcdef",
    sender="星点",
    title="星点：退款申请通过了",
    text="同意退款 ¥100.00，马上开始打款。\n\n退款单 RF1",
    at=datetime(2026, 9, 1, 4, 0, tzinfo=UTC),
    to="mei@example.com",
)
BOTS = {
    "dingtalk": ("dingtalk://secret0token0secret0token/", "NotifyDingTalk"),
    "wecombot": ("wecombot://secret0t-oken-4ea1-8a2f-000000000000/", "NotifyWeComBot"),
    "feishu": ("feishu://secret0token0secret0token/", "NotifyFeishu"),
}


def mailing(box: Mailbox) -> Notifiers:
    return Notifiers(mail_url=f"mailto://localhost:{box.port}?from=refund@shop.example")


def test_a_mail_says_who_writes_and_what_in_any_language(box: Mailbox) -> None:
    mailing(box).send(CUSTOMER, LETTER)
    [mail], [sent_to] = box.taken, box.sent_to
    assert sent_to == ["mei@example.com"] and mail["To"] == "mei@example.com"
    assert str(mail["From"]) == "星点 <refund@shop.example>"
    assert mail["Subject"] == LETTER.title
    assert mail.get_content().replace("\r\n", "\n").strip() == LETTER.text
    assert mail["Auto-Submitted"] == "auto-generated" and "1 Sep 2026 04:00" in mail["Date"]


def test_a_mail_sent_again_is_the_same_mail(box: Mailbox) -> None:
    """One Message-ID, and no second header of that name: mail programs show such mails once."""
    for _ in range(2):
        mailing(box).send(CUSTOMER, LETTER)
    assert [mail.get_all("Message-ID") for mail in box.taken] == [["<0123456789abcdef@shop.example>"]] * 2
    assert box.taken[0].as_bytes() == box.taken[1].as_bytes()


@pytest.mark.parametrize("fault", ["451 later", "550 never", "hang_up"])
def test_a_mail_that_was_not_taken_for_sure_is_not_delivered(box: Mailbox, fault: str) -> None:
    box.faults.append(fault)
    with pytest.raises(NotDelivered):
        mailing(box).send(CUSTOMER, LETTER)


def test_a_mail_server_that_is_away() -> None:
    with mail_server() as gone:
        away = mailing(gone)
    with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
        away.send(CUSTOMER, LETTER)


def test_the_shops_mail_goes_to_the_shops_addresses(box: Mailbox) -> None:
    url = f"mailto://localhost:{box.port}?from=refund@shop.example&to=ops@shop.example,lead@shop.example"
    Notifiers({"ops": url}).send("ops", LETTER)
    assert sorted(box.sent_to[0]) == ["lead@shop.example", "ops@shop.example"]


def at_home(monkeypatch: pytest.MonkeyPatch, kind: str, bot: Bot) -> Notifiers:
    """A notifier whose bot of this kind lives next door."""
    url, name = BOTS[kind]
    module = pytest.importorskip(f"apprise.plugins.{kind}")
    monkeypatch.setattr(getattr(module, name), "notify_url", _Either(bot.url))
    return Notifiers({"ops": url})


class _Either(str):
    """An address that any plugin may fill in as it likes; the secret is in it, as in the real ones."""

    def format(self, *_: object, **secret: object) -> str:
        return f"{self}?access_token={'&'.join(map(str, secret.values()))}"


@pytest.mark.parametrize("kind", BOTS)
def test_a_chat_bot_is_told(kind: str, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    bot.answer = '{"code": 0, "msg": "success"}' if kind == "feishu" else bot.answer
    at_home(monkeypatch, kind, bot).send("ops", LETTER)
    [told] = bot.told
    assert "同意退款 ¥100.00" in str(told) and "通过了" in str(told)


@pytest.mark.parametrize("kind", BOTS)
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, '{"errcode": 310000, "errmsg": "keywords not in content"}'),
        (200, '{"code": 9499, "msg": "Bad Request"}'),
        (200, "<html>please sign in</html>"),
        (500, '{"errcode": 0}'),
    ],
)
def test_a_refusal_inside_a_200_is_not_taken_for_a_delivery(
    kind: str, status: int, answer: str, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DingTalk, WeCom and Feishu answer 200 and say in the body that they did not take it."""
    bot.status, bot.answer = status, answer
    with pytest.raises(NotDelivered, match="not_taken"):
        at_home(monkeypatch, kind, bot).send("ops", LETTER)


def test_no_secret_gets_into_logs_or_errors(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 20, with everything logged that can be."""
    caplog.set_level(logging.DEBUG)
    bot.status = 500
    notifiers = at_home(monkeypatch, "dingtalk", bot)
    notifiers.shop["broken"] = "dingtalk://user:secret0token@//"  # type: ignore[index]
    told = [repr(notifiers)]
    for target in ("ops", "broken", "unheard-of"):
        with pytest.raises(NotDelivered) as refused:
            notifiers.send(target, LETTER)
        told += [str(refused.value), repr(refused.value.__cause__)]
    assert "secret0token" not in caplog.text + "".join(told)
    assert "mei@example.com" not in caplog.text


def test_targets_have_names() -> None:
    found = targets(
        "ops=dingtalk://a/b, mailtos://u:p@smtp.example?to=a@x.example,b@x.example\nlead=feishu://c"
    )
    assert found["ops"] == "dingtalk://a/b" and found["lead"] == "feishu://c"
    [unnamed] = set(found) - {"ops", "lead"}
    assert unnamed.startswith("mailtos-") and "example" not in unnamed
    assert found[unnamed] == "mailtos://u:p@smtp.example?to=a@x.example,b@x.example"
    assert targets("") == {}


@pytest.mark.parametrize("text", ["ops", "a=b", "x=feishu://a x=feishu://b", "customer=feishu://a"])
def test_a_wrong_setting_is_told_at_the_start_without_what_it_holds(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUND_NOTICE_URLS", text)
    with pytest.raises(SettingInvalid) as refused:
        from_environment()
    assert refused.value.params["variable"] == "REFUND_NOTICE_URLS"
    assert text not in str(refused.value.params)
    with pytest.raises(ValidationError) as wrong:
        Settings()
    assert text not in str(wrong.value)


def test_customers_are_written_to_by_mail_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUND_MAIL_URL", "feishu://token")
    with pytest.raises(SettingInvalid):
        from_environment()
    monkeypatch.setenv("REFUND_MAIL_URL", "mailtos://user:pw-of-the-mail@smtp.example")
    assert "pw-of-the-mail" not in repr(Settings())


def test_nobody_waits_for_apprise_at_the_start() -> None:
    code = "import sys, core.app, core.worker, core.services.outbox; print('apprise' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
