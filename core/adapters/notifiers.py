"""Where notices go besides the portal: a customer's mailbox, the shop's own mail and chat bots, all by
apprise.

A target is known by its name; its address, with the secret in it, stays in the settings. apprise is imported
at the first delivery: no page and no command waits for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from hashlib import sha256
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Final

CUSTOMER: Final = "customer"  # the one target that is no target of the shop
_NEXT: Final = re.compile(r"[,\s]+(?=(?:[a-z0-9-]+=)?[a-z0-9]+://)")
_ENTRY: Final = re.compile(r"(?:(?P<name>[a-z0-9-]{1,40})=)?(?P<url>(?P<scheme>[a-z0-9]+)://\S+)")
# These answer 200 and say inside whether they took it; apprise looks at the status only.
_BOTS: Final = ("dingtalk", "feishu", "lark", "wecombot")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent. `number` is the same on every try: mail programs show one of several with the same."""

    number: str
    sender: str  # the shop's name
    title: str
    text: str
    at: datetime
    to: str = ""  # a customer's address; the shop's targets have their own


class NotDelivered(Exception):
    """It may not have come through. `cause` is a code: a library's words may hold an address or a secret."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Notifiers:
    """`shop`: name → apprise URL. `mail_url`: the mail server (mailto, mailtos) that writes to customers."""

    shop: Mapping[str, str] = field(default_factory=dict, repr=False)
    mail_url: str = field(default="", repr=False)

    def send(self, target: str, letter: Letter) -> None:
        """Hand the letter over, once, or raise `NotDelivered`. Never called inside a transaction."""
        url = self.mail_url if target == CUSTOMER else self.shop.get(target)
        to = letter.to if target == CUSTOMER else ""
        if not url or (target == CUSTOMER and not to):
            raise NotDelivered("target_gone")
        try:
            taken = _send(url, letter, to)
        except NotDelivered:
            raise
        except Exception as error:
            raise NotDelivered(type(error).__name__) from None
        if not taken:
            raise NotDelivered("not_taken")


def targets(text: str) -> dict[str, str]:
    """`name=url` or `url` for each target, with spaces or commas between; `ValueError` when it is neither.

    A name keeps what is on its way when the secret behind it changes; without one, the URL's hash is it.
    """
    found: dict[str, str] = {}
    for entry in filter(None, _NEXT.split(text.strip())):
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            raise ValueError("not a target")
        name = parts["name"] or f"{parts['scheme']}-{sha256(parts['url'].encode()).hexdigest()[:8]}"
        if name in found or name == CUSTOMER:
            raise ValueError("a name twice")
        found[name] = parts["url"]
    return found


def _send(url: str, letter: Letter, to: str) -> bool:
    plugin = _apprise().Apprise.instantiate(url)
    if plugin is None:
        raise NotDelivered("target_invalid")
    if plugin.secure_protocol == "mailtos":
        return _mail(plugin, letter, [to] if to else [address for _, address in plugin.targets])
    return bool(plugin.notify(title=letter.title, body=letter.text))


def _mail(plugin: Any, letter: Letter, recipients: list[str]) -> bool:
    """Over apprise's connection a message of our own: apprise gives each try a new Message-ID."""
    name, address = plugin.from_addr
    own = "" if name == plugin.app_id else name
    sender = Address(own or letter.sender, addr_spec=address)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["Subject"] = letter.title
    message["Date"] = letter.at
    message["Message-ID"] = f"<{letter.number}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers
    message.set_content(letter.text, cte="base64")
    message["To"] = ", ".join(recipients)
    smtp = import_module("apprise.plugins.email.smtp")
    with smtp.AppriseSMTPController(
        host=plugin.smtp_host,
        port=plugin.port,
        secure_mode=plugin.secure_mode,
        user=plugin.user,
        password=plugin.password,
        verify_certificate=plugin.verify_certificate,
        socket_connect_timeout=plugin.socket_connect_timeout,
    ) as line:
        return bool(line.sendmail(address, recipients, message.as_string()))


@cache
def _apprise() -> Any:
    apprise = import_module("apprise")
    # They write addresses and tokens into their logs.
    logging.getLogger("apprise").disabled = True
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    for bot in _BOTS:
        module: Any = import_module(f"apprise.plugins.{bot}")
        module.requests = _strict(module.requests)
    return apprise


def _strict(requests: Any) -> Any:
    """`requests` for a bot's plugin: what the bot refused inside a 200 becomes a status that says so."""

    def post(*arguments: Any, **named: Any) -> Any:
        answer = requests.post(*arguments, **named)
        if answer.ok and not _is_taken(answer):
            answer.status_code = 422
        return answer

    return SimpleNamespace(post=post, codes=requests.codes, RequestException=requests.RequestException)


def _is_taken(answer: Any) -> bool:
    try:
        told = answer.json()
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("errcode", told.get("code", told.get("StatusCode"))) == 0
