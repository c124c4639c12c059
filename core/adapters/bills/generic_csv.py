"""The shop's own order export as CSV: documented columns, or other names through a mapping (docs/import.md).

A million rows are read here, so a good row takes one straight path; only a bad one is looked at cell by cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from core.adapters.bills.cells import Unfit, currency_code, digest, masked, number, paid, words
from core.adapters.bills.mapping import COLUMNS, SECRETS, Mapping
from core.adapters.bills.reading import Lines
from core.adapters.bills.rows import Notice, Problem, Row, Skipped, Trade
from core.adapters.bills.times import instant

KIND: Final = "generic_csv"
SOURCE: Final = "shop"
NEEDED: Final = ("order_no", "product", "amount", "channel", "paid_at", "delivery")
_USUAL: Final = {"kind": "other", "quantity": "1", "currency": "CNY", "escrow": "0", "account_open": "1"}
_QUANTITY: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def recognise(names: list[str], mapping: Mapping) -> bool:
    return mapping.theirs("order_no") in names and (
        mapping.theirs("amount") in names or mapping.theirs("paid_at") in names
    )


class GenericCsv:
    """`rows()` once; `notices` after it."""

    kind = KIND

    def __init__(
        self, file: Lines, header_line: int, names: list[str], delimiter: str, mapping: Mapping
    ) -> None:
        self._file = file
        self._header_line = header_line
        self._names = names
        self._delimiter = delimiter
        self._mapping = mapping
        self.notices: list[Notice] = []

    def rows(self) -> Iterator[Row]:
        problems = list(self._header_problems())
        if problems:
            yield from problems
            return
        width = len(self._names)
        read = _Row(self._names, self._mapping)
        skip = [(self._names.index(name), frozenset(values)) for name, values in self._mapping.skip.items()]
        with self._file.lines() as lines:
            reader = csv.reader(
                islice(lines, self._header_line, None), delimiter=self._delimiter, strict=True
            )
            line = self._header_line + 1  # where the row begins: a quoted cell may hold line ends
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    # Where the next row would begin is anybody's guess.
                    yield Problem(line, "quotes_wrong", {})
                    return
                if len(cells) != width:
                    if not cells or not any(cell.strip() for cell in cells):
                        line = self._header_line + 1 + reader.line_num
                        continue
                    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
                        yield Problem(line, "cells_wrong", {"expected": width, "found": len(cells)})
                        line = self._header_line + 1 + reader.line_num
                        continue
                    del cells[width:]
                if skip and any(cells[place].strip() in values for place, values in skip):
                    yield Skipped(line, "")
                else:
                    try:
                        yield read.trade(line, cells)
                    except (Unfit, KeyError):
                        for problem in read.problems(line, cells):
                            column = self._mapping.named(problem.params["column"])
                            yield problem._replace(params={**problem.params, "column": column})
                line = self._header_line + 1 + reader.line_num

    def _header_problems(self) -> Iterator[Problem]:
        line, theirs = self._header_line, self._mapping.theirs
        for column in NEEDED:
            if theirs(column) not in self._names and column not in self._mapping.defaults:
                yield Problem(line, "column_missing", {"column": theirs(column)})
        for column in self._mapping.columns:
            if theirs(column) not in self._names and column not in NEEDED:
                yield Problem(line, "column_missing", {"column": theirs(column)})
        for name in self._mapping.skip:
            if name not in self._names:
                yield Problem(line, "column_missing", {"column": name})
        for column in COLUMNS:
            if self._names.count(theirs(column)) > 1:
                yield Problem(line, "column_twice", {"column": theirs(column)})


class _Row:
    """Where each of our columns stands, what its words mean, and what an empty cell stands for."""

    def __init__(self, names: list[str], mapping: Mapping) -> None:
        self._default = {**dict.fromkeys(COLUMNS, ""), **_USUAL, **mapping.defaults}
        # A column that the file has not reads the empty cell that is put behind every row.
        nowhere = len(names)
        self._place = {
            column: names.index(mapping.theirs(column))
            if mapping.theirs(column) in names and mapping.theirs(column).strip().lower() not in SECRETS
            else nowhere
            for column in COLUMNS
        }
        self._words = {name: mapping.words(name) for name in ("kind", "delivery", "channel")}
        self._flags = {
            name: {word: int(meaning) for word, meaning in mapping.words(name).items()}
            for name in ("escrow", "account_open")
        }
        self.trade = self._compiled()

    def _compiled(self) -> Callable[[int, list[str]], Trade]:
        """The straight path, with everything it needs as local names."""
        place, default = self._place, self._default
        order_at, customer_at, name_at = place["order_no"], place["customer_id"], place["customer_name"]
        product_at, kind_at, quantity_at = place["product"], place["kind"], place["quantity"]
        amount_at, currency_at, channel_at = place["amount"], place["currency"], place["channel"]
        trade_at, account_at, open_at = place["trade_no"], place["account"], place["account_open"]
        paid_amount_at, paid_at = place["paid_amount"], place["paid_at"]
        completed_at, delivery_at, since_at = place["completed_at"], place["delivery"], place["delivery_at"]
        escrow_at, abroad_at, charged_at = place["escrow"], place["charged_currency"], place["charged_amount"]
        kinds, deliveries, channels = self._words["kind"], self._words["delivery"], self._words["channel"]
        escrows, opens = self._flags["escrow"], self._flags["account_open"]
        d = default

        def trade(line: int, cells: list[str]) -> Trade:
            cells.append("")
            order_no = number(cells[order_at].strip(), "order_no")
            customer_id = cells[customer_at].strip() or d["customer_id"]
            if customer_id:
                number(customer_id, "customer_id")
            name = cells[name_at].strip()
            if name:
                words(name, "customer_name")
            product = words(cells[product_at].strip() or d["product"], "product")
            kind = kinds[cells[kind_at].strip() or d["kind"]]
            quantity = _quantity(cells[quantity_at].strip() or d["quantity"])
            currency = currency_code(cells[currency_at].strip() or d["currency"], "currency")
            minor = paid(cells[amount_at].strip() or d["amount"], currency, "amount")
            delivery = deliveries[cells[delivery_at].strip() or d["delivery"]]
            since = cells[since_at].strip()
            completed = cells[completed_at].strip()
            tender = cells[paid_amount_at].strip()
            abroad, charged = cells[abroad_at].strip(), cells[charged_at].strip()
            escrow = escrows[(cells[escrow_at].strip() or d["escrow"]).lower()]
            trade_no = cells[trade_at].strip()
            account = cells[account_at].strip()
            since_micros = instant(since, "delivery_at") if since else None
            completed_micros = instant(completed, "completed_at") if completed else None
            charged_minor = None
            if abroad or charged:
                charged_minor = paid(charged, currency_code(abroad, "charged_currency"), "charged_amount")
            return Trade(
                line,
                order_no,
                customer_id,
                name,
                product,
                kind,
                quantity,
                minor,
                currency,
                delivery,
                since_micros,
                completed_micros,
                escrow,
                channels[cells[channel_at].strip() or d["channel"]],
                number(trade_no, "trade_no") if trade_no else order_no,
                masked(account) if account else "",
                opens[(cells[open_at].strip() or d["account_open"]).lower()],
                paid(tender, currency, "paid_amount") if tender else minor,
                instant(cells[paid_at].strip() or d["paid_at"], "paid_at"),
                abroad or None,
                charged_minor,
                SOURCE,
                digest(
                    f"{customer_id}\x1f{product}\x1f{kind}\x1f{quantity}\x1f{minor}\x1f{currency}\x1f{delivery}"
                    f"\x1f{since_micros}\x1f{completed_micros}\x1f{escrow}"
                ),
            )

        return trade

    def problems(self, line: int, cells: list[str]) -> Iterator[Problem]:
        """Everything that is wrong with a row that `trade` did not take."""

        def cell(column: str) -> str:
            return cells[self._place[column]].strip() or self._default[column]

        def check(column: str, take: Callable[[str, str], object], *, needed: bool = True) -> Problem | None:
            text = cell(column)
            if not text and not needed:
                return None
            try:
                take(text, column)
            except Unfit as unfit:
                return Problem(line, unfit.code, unfit.params)
            return None

        def one_of(text: str, column: str) -> None:
            known = self._words.get(column) or self._flags[column]
            if (text.lower() if column in self._flags else text) not in known:
                allowed = ", ".join(known)
                raise Unfit("value_unknown" if text else "value_missing", column, text, allowed=allowed)

        try:
            currency = currency_code(cell("currency"), "currency")
        except Unfit as unfit:
            yield Problem(line, unfit.code, unfit.params)
            currency = "CNY"

        def money(text: str, column: str) -> int:
            return paid(text, currency, column)

        abroad = bool(cell("charged_currency") or cell("charged_amount"))
        found = [
            check("order_no", number),
            check("customer_id", number, needed=False),
            check("customer_name", words, needed=False),
            check("product", words),
            check("kind", one_of),
            check("quantity", lambda text, _: _quantity(text)),
            check("amount", money),
            check("channel", one_of),
            check("trade_no", number, needed=False),
            check("account_open", one_of),
            check("paid_amount", money, needed=False),
            check("paid_at", instant),
            check("completed_at", instant, needed=False),
            check("delivery", one_of),
            check("delivery_at", instant, needed=False),
            check("escrow", one_of),
            check("charged_currency", currency_code, needed=abroad),
            check(
                "charged_amount",
                lambda text, column: paid(text, cell("charged_currency"), column),
                needed=abroad,
            ),
        ]
        yield from (problem for problem in found if problem is not None)


def _quantity(text: str) -> int:
    if text == "1":
        return 1
    if _QUANTITY.fullmatch(text) is None:
        raise Unfit("quantity_invalid", "quantity", text)
    return int(text)
