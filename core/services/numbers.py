"""Which orders a number or a name means, of which only a part was told: a beginning, the part of a case's
number after its day, or the end, each by an index; a part from the middle among recent ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, literal_column, or_, select

from core.adapters.tables import PART, TAIL, cases, customers, orders, payments, payouts, tail
from core.domain.workdays import ZONE

CANDIDATES: Final = 200  # orders that one word may name; more are said to be more
SHORTEST: Final = 3  # characters of a beginning that are looked for; of an end `TAIL`
INSIDE_DAYS: Final = 90  # how old it may be where a part from the middle is looked for …
INSIDE_MOST: Final = 50_000  # … and how many are looked at: there is no index for it
_LAST: Final = chr(0x10FFFF)
_o, _p, _c, _m = orders.c, payments.c, cases.c, payouts.c

_OF_ORDER: Final = select(_o.order_no)
_OF_TRADE: Final = select(_p.order_no)
_OF_CASE: Final = select(_c.order_no)
_OF_REFUND: Final = select(_c.order_no).join(payouts, _m.case_no == _c.case_no)


def named(conn: Connection, word: str, now: datetime) -> tuple[dict[str, set[str]], bool]:
    """Orders that this word names, each with by what; and whether there are more than were looked at."""
    found: dict[str, set[str]] = {}
    is_cut = _look(conn, found, _indexed(conn, word))
    if not found and len(word) >= TAIL:
        is_cut = _look(conn, found, _inside(conn, word, now))
    return found, is_cut


def _look(conn: Connection, found: dict[str, set[str]], queries: Iterator[tuple[str, Any]]) -> bool:
    is_cut = False
    for code, query in queries:
        rows = list(conn.execute(query.limit(CANDIDATES + 1)).scalars())
        is_cut |= len(rows) > CANDIDATES
        for order_no in rows[:CANDIDATES]:
            found.setdefault(order_no, set()).add(code)
    return is_cut


def _indexed(conn: Connection, word: str) -> Iterator[tuple[str, Any]]:
    """Look-ups by an index, each giving order numbers. Numbers are kept as they came, so both cases."""
    for spelled in dict.fromkeys((word, word.upper(), word.lower(), word.capitalize())):
        yield "customer", _newest(_OF_ORDER.where(_o.customer_id == spelled))
        if len(spelled) >= 2:
            people = select(customers.c.id).where(_begins(conn, customers.c.name, spelled)).limit(CANDIDATES)
            yield "name", _newest(_OF_ORDER.where(_o.customer_id.in_(people)))
        if len(spelled) >= SHORTEST:
            yield "order", _OF_ORDER.where(_begins(conn, _o.order_no, spelled))
            yield "case", _OF_CASE.where(_begins(conn, _c.case_no, spelled))
            yield "case_part", _OF_CASE.where(_begins(conn, literal_column(PART), spelled))
            yield "trade", _OF_TRADE.where(_begins(conn, _p.trade_no, spelled))
            yield "refund", _OF_REFUND.where(_begins(conn, _m.reference, spelled))
        if len(spelled) >= TAIL:
            yield "order_part", _OF_ORDER.where(_ends("order_no", _o.order_no, spelled))
            yield "trade_part", _OF_TRADE.where(_ends("trade_no", _p.trade_no, spelled))
            yield "refund_part", _OF_REFUND.where(_ends("payouts.reference", _m.reference, spelled))


def _inside(conn: Connection, word: str, now: datetime) -> Iterator[tuple[str, Any]]:
    """A part from anywhere, among the newest of what is recent: a case's number begins with its day."""
    since = now - timedelta(days=INSIDE_DAYS)
    first = f"R{since.astimezone(ZONE):%y%m%d}"
    fresh = select(_o.order_no).where(_o.paid_at >= since).order_by(_o.paid_at.desc()).limit(INSIDE_MOST)
    recent = fresh.subquery().c.order_no
    if "*" in word:  # an account as its customer sees it; no number has a star
        paid_from = select(recent).join(payments, _p.order_no == recent)
        yield "account", paid_from.where(_p.account == word)
        return
    yield "order_part", select(recent).where(_has(conn, recent, word))
    of_people = (
        select(recent).join(orders, _o.order_no == recent).join(customers, customers.c.id == _o.customer_id)
    )
    yield "name", of_people.where(_has(conn, customers.c.name, word))
    yield (
        "trade_part",
        select(recent).join(payments, _p.order_no == recent).where(_has(conn, _p.trade_no, word)),
    )
    newest = select(_c.case_no, _c.order_no).where(_c.case_no >= first)
    some = newest.order_by(_c.case_no.desc()).limit(INSIDE_MOST).subquery().c
    yield "case_part", select(some.order_no).where(_has(conn, some.case_no, word))
    paid = select(_m.case_no, _m.reference).where(_m.case_no >= first)
    sent = paid.order_by(_m.case_no.desc()).limit(INSIDE_MOST).subquery().c
    of_case = select(_c.order_no).join_from(cases, sent.case_no.table, _c.case_no == sent.case_no)
    yield "refund_part", of_case.where(_has(conn, sent.reference, word))


def granted(minor: int, now: datetime) -> Select[Any]:
    """Orders of which so much was approved or arrives, among the newest of what is recent: there is no index
    for it.
    """
    first = f"R{(now - timedelta(days=INSIDE_DAYS)).astimezone(ZONE):%y%m%d}"
    newest = select(_c.order_no, _c.approved_minor, _c.refund_minor).where(_c.case_no >= first)
    some = newest.order_by(_c.case_no.desc()).limit(INSIDE_MOST).subquery().c
    return select(some.order_no).where(or_(some.approved_minor == minor, some.refund_minor == minor))


def _has(conn: Connection, column: Any, word: str) -> ColumnElement[bool]:
    """The word inside, in capitals or not: SQLite does not mind by itself."""
    like = column.like if conn.dialect.name == "sqlite" else column.ilike
    found: ColumnElement[bool] = like(f"%{_escaped(word)}%", escape="\\")
    return found


def _newest(query: Select[Any]) -> Select[Any]:
    return query.order_by(_o.paid_at.desc())


def _begins(conn: Connection, column: Any, word: str) -> ColumnElement[bool]:
    """So that each database uses its index: a range of bytes, or a pattern."""
    if conn.dialect.name == "sqlite":
        return and_(column >= word, column < word + _LAST)
    found: ColumnElement[bool] = column.like(f"{_escaped(word)}%", escape="\\")
    return found


def _ends(name: str, column: Any, word: str) -> ColumnElement[bool]:
    """The last characters by their index, the rest by looking."""
    return and_(tail(name) == word[-TAIL:], column.like(f"%{_escaped(word)}", escape="\\"))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
