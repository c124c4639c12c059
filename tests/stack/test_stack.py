"""The hosted shop survives what happens to hosted shops: a replica, a worker or the database dies in the
middle of a customer's request, a new version is rolled out. Customers stay signed in and go on where they
were.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw

from bench.customers import Customer, Lost, words_of
from core.domain.actors import Actor
from core.services import cases
from tests.stack.conftest import Hosted
from tests.stack.rig import HOST, NGINX

pytestmark = [pytest.mark.postgres, pytest.mark.stack]
Run = Callable[[Callable[[], Awaitable[Any]]], Any]
_PICTURE = re.compile(r'/files/evidence/([^"]+)"')
ADDRESS_LIMIT = 300  # `limit_conn` of deploy/nginx/portal.conf
ORDERS_EACH = 40  # more than anybody can ask for during a restart
# Who asks for very many refunds in a row is looked at by a person.
SENT = ("approved", "paying", "completed", "in_review")


def wrong(hosted: Hosted, numbers: list[str]) -> list[str]:
    """Orders without exactly one request that was sent, with the words that its customer wrote."""
    found = hosted.cases_of(numbers)
    told = [f"{row.order_no} is {row.state}: {row.description!r}" for row in found if not _is_sent(row)]
    told += [f"{number} has no request" for number in set(numbers) - {row.order_no for row in found}]
    return told + (["two of one order"] if len(found) > len({row.order_no for row in found}) else [])


def _is_sent(row: Any) -> bool:
    return row.state in SENT and row.description == words_of(row.order_no)


def is_paid(hosted: Hosted, numbers: list[str]) -> Callable[[], bool]:
    return lambda: all(row.state in ("paying", "completed") for row in hosted.cases_of(numbers))


def test_a_customer_asks_through_nginx_and_is_paid_by_a_worker(hosted: Hosted, run: Run) -> None:
    customer, numbers = hosted.customer()

    async def journey() -> None:
        await customer.open()
        await customer.ask(numbers[0])
        await customer.close()

    run(journey)
    assert customer.seen.errors == [] and customer.seen.reconnects == customer.seen.again == 0
    assert wrong(hosted, numbers) == []
    hosted.stack.wait_until(is_paid(hosted, numbers), "a worker has sent it")


def test_every_replica_knows_who_signed_in_at_another(hosted: Hosted, run: Run) -> None:
    """Sessions are rows of the database: no secret has to be shared between replicas."""
    visitor, _ = hosted.customer()

    async def visit() -> None:
        visitor.jar.clear()
        status, _ = await visitor.request("GET", "/session/demo?as=c03&to=/")
        assert status == 303
        cookie = ("__Host-refund_session", visitor.jar["__Host-refund_session"])
        for port in (hosted.stack.ports[name] for name in hosted.stack.webs):
            there = Customer(f"http://{HOST}:{port}", cookie, None, think=0)
            await there.open()
            await there.close()

    run(visit)  # whoever is signed out raises


def test_one_visitor_stays_with_one_replica(hosted: Hosted, run: Run) -> None:
    """Whoever comes back on a new connection finds what was on the screen, for both know its session."""
    visitors = [hosted.customer()[0] for _ in range(8)]

    async def come_back(visitor: Customer) -> bool:
        await visitor.open()
        before = visitor.tab.session_id
        assert "refund_way" in visitor.jar
        await visitor.close()
        await visitor.connect()
        await visitor._answer(visitor.tab.rerun())
        await visitor.close()
        return visitor.tab.session_id == before

    async def all_of_them() -> list[bool]:
        return [await come_back(visitor) for visitor in visitors]

    assert run(all_of_them) == [True] * 8


def picture(number: int) -> bytes:
    image = Image.new("RGB", (1_080, 1_600), "white")
    draw = ImageDraw.Draw(image)
    for top in range(20, 1_600, 40):
        draw.text((30, top), f"Order {number} {top} paid, not delivered", "black", font_size=24)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_evidence_goes_to_the_bucket_whichever_replica_it_meets_first(hosted: Hosted, run: Run) -> None:
    """The cookie that leads to a replica is changed under the visitor's feet: a file finds its page."""
    customer, (order_no,) = hosted.customer("code_viewed")
    actor = Actor("customer", order_no.partition("-")[0])
    draft = cases.open_draft(hosted.app, actor, order_no)
    asks = {"reason": "not_as_described", "requested_minor": 5_000}
    cases.save_draft(hosted.app, actor, draft.case_no, **asks)
    before = len(hosted.stack.stored())

    async def send() -> None:
        await customer.open()
        there = lambda page: bool(page.uploaders)  # noqa: E731
        await customer.follow("evidence", "request", there, order=order_no, step="4")
        for number in range(4):
            customer.jar["refund_way"] = f"{number:032x}"
            page = await customer.upload("other", "IMG_0001.png", picture(number))
            assert len(set(_PICTURE.findall("".join(page.html)))) == number + 1
        await customer.close()

    run(send)
    assert len(hosted.stack.stored()) >= before + 4


# --- what dies -------------------------------------------------------------------------------------------


def each_replica(hosted: Hosted) -> None:
    """One after the other: the customer is at one of them, and moves to the other."""
    for name in hosted.stack.webs:
        hosted.stack.kill(name)
        hosted.stack.start_again(name)


def one_worker(hosted: Hosted) -> None:
    hosted.stack.kill(hosted.stack.workers[0])
    hosted.stack.start_again(hosted.stack.workers[0])


def the_database(hosted: Hosted) -> None:
    hosted.stack.restart_database()


def the_proxy(hosted: Hosted) -> None:
    hosted.stack.kill(NGINX)
    hosted.stack.start_again(NGINX)


@pytest.mark.parametrize("dies", [each_replica, one_worker, the_database, the_proxy])
def test_it_dies_before_the_last_click(hosted: Hosted, run: Run, dies: Callable[[Hosted], None]) -> None:
    customer, numbers = hosted.customer()

    async def journey() -> None:
        await customer.open()
        await customer.ask(numbers[0], until="send")
        dies(hosted)  # while nobody else does anything
        await customer.ask(numbers[0])
        await customer.close()

    run(journey)
    assert customer.seen.signed_out == 0
    if dies is each_replica:
        assert customer.seen.reconnects >= 1, "nothing happened to this customer"
    assert wrong(hosted, numbers) == []
    hosted.stack.wait_until(is_paid(hosted, numbers), "a worker has sent it")
    assert hosted.findings() == []


def test_a_replica_that_is_away_is_nobodys_error(hosted: Hosted, run: Run) -> None:
    """With one of two away, every first visit is answered, and pages are told nothing of it."""
    visitors = [hosted.customer()[0] for _ in range(6)]

    async def visit() -> None:
        for visitor in visitors:
            await visitor.open()
            await visitor.close()

    hosted.stack.kill("web0")
    try:
        run(visit)
    finally:
        hosted.stack.start_again("web0")
    assert all(visitor.seen.reconnects == 0 for visitor in visitors)


def test_without_any_replica_a_sentence_says_when(hosted: Hosted, run: Run) -> None:
    visitor, _ = hosted.customer()
    for name in hosted.stack.webs:
        hosted.stack.kill(name)
    try:
        status, said = run(lambda: visitor.request("GET", "/"))
    finally:
        for name in hosted.stack.webs:
            hosted.stack.start_again(name)
    assert status == 503
    assert "几秒后会自动打开" in said.decode() and "opens by itself" in said.decode()


def test_a_replica_that_is_up_again_has_everybody_at_once(hosted: Hosted, run: Run) -> None:
    """Open pages are requests without an end: nothing that a proxy learns only when one ends may keep the
    others away.
    """
    visitors = [hosted.customer()[0] for _ in range(24)]
    stack = hosted.stack

    async def all_come_back() -> None:
        for visitor in visitors:
            visitor.think = 1
        await asyncio.gather(*(visitor.pause() for visitor in visitors))

    async def visit() -> tuple[int, int]:
        for visitor in visitors:
            await visitor.open()
        await asyncio.to_thread(stack.kill, "web0")
        await all_come_back()
        moved = sum(visitor.seen.reconnects for visitor in visitors)
        await asyncio.to_thread(stack.start_again, "web0")
        await asyncio.to_thread(stack.kill, "web1")
        await all_come_back()
        for visitor in visitors:
            await visitor.close()
        return moved, sum(visitor.seen.reconnects for visitor in visitors) - moved

    try:
        first, second = run(visit)
    finally:
        for name in stack.webs:
            if stack.is_gone(name):
                stack.start_again(name)
    assert first >= 3 and second == len(visitors)
    assert sum(visitor.seen.refused for visitor in visitors) == 0


# --- a new version ---------------------------------------------------------------------------------------


def roll_under(hosted: Hosted, run: Run, customers: int, think: float) -> list[Customer]:
    """All processes are restarted in turn while customers ask for one order after the other; answers them.
    What they sent is checked.
    """
    people = [hosted.customer(orders=ORDERS_EACH) for _ in range(customers)]

    async def walk(customer: Customer, numbers: list[str], rolling: asyncio.Task[None]) -> list[str]:
        customer.think = think
        await customer.open()
        asked: list[str] = []
        while not rolling.done():
            asked.append(numbers[len(asked)])
            await customer.ask(asked[-1])
        await customer.close()
        return asked

    async def everybody() -> list[list[str]]:
        rolling = asyncio.create_task(asyncio.to_thread(hosted.stack.roll))
        found = await asyncio.gather(*(walk(*person, rolling) for person in people))
        await rolling
        return found

    for asked in run(everybody):
        assert wrong(hosted, asked) == []
    return [customer for customer, _ in people]


def test_a_rolling_restart_loses_nothing(hosted: Hosted, run: Run) -> None:
    met = roll_under(hosted, run, customers=6, think=0.3)
    assert sum(customer.seen.reconnects for customer in met) >= 6, "too little happened to anybody"
    assert [customer.seen.errors for customer in met] == [[]] * len(met)
    assert hosted.findings() == []


# --- longer ----------------------------------------------------------------------------------------------


@pytest.mark.torture
def test_ten_rolling_restarts(hosted: Hosted, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    times = 10 * int(os.environ.get("REFUND_TORTURE", "1"))
    reconnects = again = 0
    for _ in range(times):
        met = roll_under(hosted, run, customers=12, think=0.3)
        assert [customer.seen.errors for customer in met] == [[]] * len(met)
        reconnects += sum(customer.seen.reconnects for customer in met)
        again += sum(customer.seen.again for customer in met)
    with capsys.disabled():
        print(f"\n{times} rolling restarts: {reconnects} reconnects, {again} clicks made again")
    assert hosted.findings() == []


@pytest.mark.torture
@pytest.mark.parametrize("until", ["request", "reason", "words", "verdict", "route", "check", "send"])
@pytest.mark.parametrize("dies", [each_replica, the_database])
def test_it_dies_before_any_click(
    hosted: Hosted, run: Run, dies: Callable[[Hosted], None], until: str
) -> None:
    customer, numbers = hosted.customer()

    async def journey() -> None:
        await customer.open()
        await customer.ask(numbers[0], until=until)
        dies(hosted)
        await customer.ask(numbers[0])
        await customer.close()

    run(journey)
    assert wrong(hosted, numbers) == [] and hosted.findings() == []


@pytest.mark.parametrize("path", ["/", "/track", "/healthz", "/_stcore/health", "/no/such/page"])
def test_browsers_are_told_once_to_stay_with_https(hosted: Hosted, path: str) -> None:
    """By nginx for the portal: a header that comes twice counts as none."""
    asked = urllib.request.Request(f"{hosted.stack.address}{path}", headers={"Accept": "text/html"})
    try:
        answer = urllib.request.urlopen(asked, timeout=30, context=hosted.stack.trust())
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_one_address_cannot_take_every_connection(hosted: Hosted) -> None:
    """Bodies that never end; the portal itself hears of none of them."""
    endless = b"POST /session/open HTTP/1.1\r\nHost: portal\r\nContent-Length: 9\r\n\r\n"
    where = urlsplit(hosted.stack.address)

    def speak(held: ExitStack, words: bytes) -> ssl.SSLSocket:
        plain = held.enter_context(socket.create_connection((where.hostname, where.port), timeout=30))
        found = held.enter_context(hosted.stack.trust().wrap_socket(plain, server_hostname=where.hostname))
        found.sendall(words)
        return found

    def answer() -> bytes:
        with ExitStack() as held:
            asked = speak(held, b"GET /healthz HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n")
            return asked.recv(len(b"HTTP/1.1 200"))[-3:]

    assert answer() == b"200"
    with ExitStack() as held:
        for _ in range(ADDRESS_LIMIT):
            speak(held, endless)
        hosted.stack.wait_until(lambda: answer() == b"429", "there are too many")
    hosted.stack.wait_until(lambda: answer() == b"200", "they are free again")


def test_a_stranger_is_told_from_a_customer(hosted: Hosted, run: Run) -> None:
    """Or the tests above could not see that somebody was signed out."""
    visitor, _ = hosted.customer()
    visitor.jar.clear()
    with pytest.raises(Lost, match="signed out"):
        run(visitor.open)
    assert visitor.seen.signed_out == 1
