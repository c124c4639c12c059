"""The statements that merge staged rows into orders, payments and refunds, in SQL that both databases speak.

`staged_trades` and `staged_refunds` have the columns of `bills.rows.Trade` and `Refund`, and a `payment_id`.
"""

from __future__ import annotations

from typing import Final

from core.domain.facts import DELIVERIES

# Channels' bills; they know payments and nothing about goods.
BILL_SOURCES: Final = ("alipay_merchant", "wechat_trade")
BILLS: Final = "('alipay_merchant', 'wechat_trade')"

RANK: Final = (
    "CASE {} " + " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(DELIVERIES)) + " END"
)

ROWS_DISAGREE: Final = """
SELECT s.line AS line, 'rows_disagree' AS code, s.order_no AS order_no, f.line AS first_line
FROM (SELECT order_no, min(line) AS line FROM staged_trades
      GROUP BY order_no HAVING count(*) > 1 AND min(digest) <> max(digest)) AS g
JOIN staged_trades AS f ON f.line = g.line
JOIN staged_trades AS s ON s.order_no = g.order_no AND s.digest <> f.digest"""

PAYMENT_TWICE: Final = """
SELECT s.line AS line, 'payment_twice' AS code, s.order_no AS order_no, g.line AS first_line
FROM (SELECT order_no, channel, trade_no, min(line) AS line FROM staged_trades
      GROUP BY order_no, channel, trade_no HAVING count(*) > 1) AS g
JOIN staged_trades AS s ON s.order_no = g.order_no AND s.channel = g.channel AND s.trade_no = g.trade_no
    AND s.line > g.line"""

# A channel may know the order by another number than the shop does: the trade's number decides.
BILL_ROW_OF_A_SHOP_ORDER: Final = f"""
UPDATE staged_trades SET order_no = k.order_no
FROM (SELECT s.line AS line, min(p.order_no) AS order_no
      FROM staged_trades AS s
      JOIN payments AS p ON p.channel = s.channel AND p.trade_no = s.trade_no
      JOIN orders AS o ON o.order_no = p.order_no AND o.source NOT IN {BILLS}
      WHERE s.source IN {BILLS}
      GROUP BY s.line HAVING count(*) = 1) AS k
WHERE staged_trades.line = k.line"""

ORDER_FACTS: Final = "customer_id, product, kind, quantity, amount_minor, delivery, delivery_at, completed_at"

NEW_ORDERS: Final = f"""
INSERT INTO orders (order_no, currency, paid_at, escrow, source, digest, {ORDER_FACTS})
SELECT order_no, currency, paid_at, escrow = 1, source, digest, {ORDER_FACTS}
FROM staged_trades WHERE true ORDER BY order_no
ON CONFLICT (order_no) DO NOTHING"""

MARK_ADOPTED: Final = f"""
UPDATE staged_trades SET payment_id = k.id
FROM (SELECT s.line AS line, min(p.id) AS id
      FROM staged_trades AS s
      JOIN payments AS p ON p.channel = s.channel AND p.trade_no = s.trade_no AND p.order_no <> s.order_no
      JOIN orders AS o ON o.order_no = p.order_no AND o.source IN {BILLS}
      WHERE s.trade_no <> s.order_no AND o.order_no NOT IN (SELECT order_no FROM cases)
      GROUP BY s.line HAVING count(*) = 1) AS k
WHERE staged_trades.line = k.line
  AND NOT EXISTS (SELECT 1 FROM payments AS there WHERE there.order_no = staged_trades.order_no
                  AND there.channel = staged_trades.channel AND there.trade_no = staged_trades.trade_no)"""
ADOPT: Final = """
UPDATE payments SET order_no = s.order_no FROM staged_trades AS s WHERE s.payment_id = payments.id"""

FORGET_EMPTY_BILL_ORDERS: Final = f"""
DELETE FROM orders WHERE source IN {BILLS}
  AND order_no NOT IN (SELECT order_no FROM payments) AND order_no NOT IN (SELECT order_no FROM cases)"""

# A row without the channel's number means the one payment of that channel that the order has.
KNOWN_NUMBER_FOR_PLACEHOLDER: Final = """
UPDATE staged_trades SET trade_no = k.trade_no
FROM (SELECT s.line AS line, min(p.trade_no) AS trade_no
      FROM staged_trades AS s JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel
      WHERE s.trade_no = s.order_no
      GROUP BY s.line HAVING count(*) = 1) AS k
WHERE staged_trades.line = k.line"""

REAL_NUMBER_ARRIVED: Final = """
UPDATE payments SET trade_no = k.trade_no
FROM (SELECT p.id AS id, min(s.trade_no) AS trade_no
      FROM staged_trades AS s
      JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel AND p.trade_no = p.order_no
      WHERE s.trade_no <> s.order_no AND p.paid_minor = s.paid_minor AND p.currency = s.currency
      GROUP BY p.id) AS k
WHERE payments.id = k.id"""

ORDER_CONTRADICTS: Final = f"""
SELECT line, code, order_no FROM (
  SELECT s.line AS line, s.order_no AS order_no, CASE
    WHEN o.currency <> s.currency THEN 'amount_changed'
    WHEN o.source IN {BILLS} OR s.source IN {BILLS} THEN ''
    WHEN o.amount_minor <> s.amount_minor THEN 'amount_changed'
    WHEN o.customer_id NOT IN ('', s.customer_id) THEN 'owner_changed'
    WHEN {RANK.format("s.delivery")} < {RANK.format("o.delivery")} THEN 'older_than_known'
    WHEN o.completed_at IS NOT NULL AND (s.completed_at IS NULL OR s.completed_at < o.completed_at)
      THEN 'older_than_known'
    ELSE '' END AS code
  FROM staged_trades AS s JOIN orders AS o ON o.order_no = s.order_no
  WHERE o.digest <> s.digest OR o.currency <> s.currency) AS found
WHERE code <> ''"""

PAYMENT_CONTRADICTS: Final = """
SELECT s.line AS line, 'payment_changed' AS code, s.order_no AS order_no, p.trade_no AS trade_no
FROM staged_trades AS s JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel
WHERE (p.trade_no = s.trade_no AND (p.paid_minor <> s.paid_minor OR p.currency <> s.currency
        OR p.charged_currency <> s.charged_currency OR p.charged_minor <> s.charged_minor))
   OR (p.trade_no = p.order_no AND s.trade_no <> s.order_no AND p.channel <> 'balance')"""

# What a row changes of a payment that is there. A bill is the channel's word on money, not on the customer.
PAYMENT_MOVES: Final = f"""
((s.source NOT IN {BILLS}
  AND (p.paid_at <> s.paid_at OR p.account <> s.account OR p.is_open <> (s.is_open = 1)))
 OR (p.account = '' AND s.account <> '') OR (p.charged_minor IS NULL AND s.charged_minor IS NOT NULL))"""

# Rows that say what is known already need no further look.
FORGET_UNCHANGED: Final = f"""
DELETE FROM staged_trades WHERE line IN (
  SELECT s.line FROM staged_trades AS s
  JOIN orders AS o ON o.order_no = s.order_no AND o.currency = s.currency
  JOIN payments AS p ON p.order_no = s.order_no AND p.channel = s.channel AND p.trade_no = s.trade_no
  WHERE s.payment_id IS NULL AND (o.digest = s.digest OR s.source IN {BILLS})
    AND p.paid_minor = s.paid_minor AND p.currency = s.currency
    AND (s.charged_minor IS NULL
         OR (p.charged_minor = s.charged_minor AND p.charged_currency = s.charged_currency))
    AND NOT {PAYMENT_MOVES})"""

UPDATE_ORDERS: Final = f"""
UPDATE orders SET customer_id = s.customer_id, product = s.product, kind = s.kind, quantity = s.quantity,
  amount_minor = s.amount_minor, delivery = s.delivery, delivery_at = s.delivery_at,
  completed_at = s.completed_at, escrow = (s.escrow = 1), source = s.source, digest = s.digest
FROM staged_trades AS s
WHERE s.order_no = orders.order_no AND orders.digest <> s.digest AND s.source NOT IN {BILLS}"""

UPDATE_PAYMENTS: Final = f"""
UPDATE payments SET
  paid_at = CASE WHEN s.source IN {BILLS} THEN payments.paid_at ELSE s.paid_at END,
  account = CASE WHEN s.source IN {BILLS} AND payments.account <> '' THEN payments.account ELSE s.account END,
  is_open = CASE WHEN s.source IN {BILLS} THEN payments.is_open ELSE (s.is_open = 1) END,
  charged_currency = COALESCE(payments.charged_currency, s.charged_currency),
  charged_minor = COALESCE(payments.charged_minor, s.charged_minor)
FROM staged_trades AS s
WHERE payments.order_no = s.order_no AND payments.channel = s.channel AND payments.trade_no = s.trade_no
  AND {PAYMENT_MOVES.replace("p.", "payments.")}"""

PAYMENT_FACTS: Final = (
    "order_no, channel, trade_no, account, currency, paid_minor, paid_at, charged_currency, charged_minor"
)

NEW_PAYMENTS: Final = f"""
INSERT INTO payments (is_open, {PAYMENT_FACTS})
SELECT is_open = 1, {PAYMENT_FACTS} FROM staged_trades WHERE true ORDER BY channel, trade_no, line
ON CONFLICT (channel, trade_no, order_no) DO NOTHING"""

PAID_SINCE: Final = """
UPDATE orders SET paid_at = k.paid_at
FROM (SELECT p.order_no AS order_no, min(p.paid_at) AS paid_at
      FROM payments AS p
      WHERE p.order_no IN (SELECT order_no FROM staged_trades)
      GROUP BY p.order_no) AS k
WHERE orders.order_no = k.order_no AND orders.paid_at <> k.paid_at"""

# Known from bills only, an order is worth what was paid for it: two payments are no proof of paying twice.
BILL_ORDER_AMOUNT: Final = f"""
UPDATE orders SET amount_minor = k.paid_minor
FROM (SELECT p.order_no AS order_no, sum(p.paid_minor) AS paid_minor
      FROM payments AS p JOIN orders AS o ON o.order_no = p.order_no AND o.source IN {BILLS}
      WHERE p.order_no IN (SELECT order_no FROM staged_trades)
      GROUP BY p.order_no) AS k
WHERE orders.order_no = k.order_no AND orders.amount_minor <> k.paid_minor"""

OTHERS_TRADE: Final = """
FROM staged_trades AS s
JOIN payments AS p ON p.channel = s.channel AND p.trade_no = s.trade_no AND p.order_no <> s.order_no
WHERE s.trade_no <> s.order_no"""
TRADE_TAKEN: Final = f"""
SELECT s.line AS line, 'trade_taken' AS code, s.trade_no AS trade_no, min(p.order_no) AS order_no
{OTHERS_TRADE} AND s.source NOT IN {BILLS} GROUP BY s.line, s.trade_no"""
TRADE_SHARED: Final = f"""
SELECT DISTINCT s.line, s.trade_no {OTHERS_TRADE} AND s.source IN {BILLS} ORDER BY s.line"""

SHARED_AT_ALL: Final = "SELECT 1 FROM payments GROUP BY channel, trade_no HAVING count(*) > 1"

CUSTOMERS: Final = """
INSERT INTO customers (id, name, created_at)
SELECT customer_id, COALESCE(NULLIF(max(customer_name), ''), customer_id), CAST(:now AS BIGINT)
FROM staged_trades WHERE customer_id <> '' GROUP BY customer_id ORDER BY customer_id
ON CONFLICT (id) DO UPDATE SET name = excluded.name
WHERE customers.name = customers.id AND excluded.name <> excluded.id"""

# --- refunds made outside

REFUND: Final = "channel, trade_no, order_no, refund_no, amount_minor, currency, at"

WAITING_JOIN_IN: Final = f"""
INSERT INTO staged_refunds (line, {REFUND})
SELECT -id, {REFUND} FROM waiting_refunds AS w
WHERE EXISTS (SELECT 1 FROM payments AS p WHERE p.channel = w.channel AND p.trade_no = w.trade_no)
   OR EXISTS (SELECT 1 FROM payments AS p WHERE p.order_no = w.order_no AND p.channel = w.channel)"""

# 0: our own payout made it, so it is no refund outside.
OURS: Final = """
UPDATE staged_refunds SET payment_id = 0
WHERE EXISTS (SELECT 1 FROM payouts AS o WHERE o.key = staged_refunds.refund_no
              AND o.channel = staged_refunds.channel)"""


def _found_by(condition: str) -> str:
    """Give refunds the payment for which `condition` holds, where there is exactly one."""
    return f"""
UPDATE staged_refunds SET payment_id = k.id
FROM (SELECT r.line AS line, min(p.id) AS id
      FROM staged_refunds AS r
      JOIN payments AS p ON p.channel = r.channel AND p.currency = r.currency
      JOIN orders AS o ON o.order_no = p.order_no
      WHERE r.payment_id IS NULL AND {condition}
      GROUP BY r.line HAVING count(*) = 1) AS k
WHERE staged_refunds.line = k.line"""


FIND_PAYMENT: Final = (
    _found_by("p.trade_no = r.trade_no AND p.order_no = r.order_no"),
    # The shop may know the order by another number; a bill's own order must carry both of the bill's numbers.
    _found_by(f"p.trade_no = r.trade_no AND o.source NOT IN {BILLS}"),
    _found_by("p.order_no = r.order_no"),
)

REFUND_CONTRADICTS: Final = """
SELECT r.line AS line, 'refund_changed' AS code, r.refund_no AS refund_no
FROM staged_refunds AS r
JOIN external_refunds AS e ON e.payment_id = r.payment_id AND e.refund_no = r.refund_no
WHERE e.amount_minor <> r.amount_minor AND r.line > 0
UNION ALL
SELECT r.line, 'refund_changed', r.refund_no
FROM staged_refunds AS r
JOIN staged_refunds AS f ON f.payment_id = r.payment_id AND f.refund_no = r.refund_no
WHERE f.amount_minor <> r.amount_minor AND f.line > 0 AND f.line < r.line AND r.payment_id > 0"""

NEW_REFUNDS: Final = """
INSERT INTO external_refunds (payment_id, channel, refund_no, amount_minor, at)
SELECT payment_id, channel, refund_no, amount_minor, at
FROM staged_refunds WHERE payment_id > 0 ORDER BY line
ON CONFLICT (payment_id, refund_no) DO NOTHING"""

NO_LONGER_WAITING: Final = """
DELETE FROM waiting_refunds WHERE EXISTS (
  SELECT 1 FROM staged_refunds AS r WHERE r.payment_id IS NOT NULL AND r.channel = waiting_refunds.channel
  AND r.trade_no = waiting_refunds.trade_no AND r.order_no = waiting_refunds.order_no
  AND r.refund_no = waiting_refunds.refund_no)"""

KEEP_WAITING: Final = f"""
INSERT INTO waiting_refunds ({REFUND})
SELECT {REFUND} FROM staged_refunds WHERE payment_id IS NULL AND line > 0
ON CONFLICT (channel, trade_no, order_no, refund_no) DO NOTHING"""

TOUCHED: Final = "(SELECT payment_id FROM staged_refunds WHERE payment_id > 0)"

REFUNDED_OUTSIDE: Final = f"""
UPDATE payments SET external_minor =
  (SELECT COALESCE(sum(e.amount_minor), 0) FROM external_refunds AS e WHERE e.payment_id = payments.id)
WHERE id IN {TOUCHED}"""

BEYOND_PAID: Final = f"""
SELECT DISTINCT order_no FROM payments
WHERE id IN {TOUCHED} AND reserved_minor + refunded_minor + external_minor > paid_minor ORDER BY order_no"""

COUNT_OURS: Final = "SELECT count(*) FROM staged_refunds WHERE payment_id = 0 AND line > 0"
COUNT_FOUND: Final = "SELECT count(*) FROM staged_refunds WHERE payment_id > 0 AND line > 0"
COUNT_NEW: Final = """
SELECT count(*) FROM (
  SELECT DISTINCT r.payment_id, r.refund_no FROM staged_refunds AS r
  WHERE r.payment_id > 0 AND r.line > 0 AND NOT EXISTS (
    SELECT 1 FROM external_refunds AS e
    WHERE e.payment_id = r.payment_id AND e.refund_no = r.refund_no)) AS n"""
COUNT_WAITING: Final = "SELECT count(*) FROM staged_refunds WHERE payment_id IS NULL AND line > 0"
STILL_WAITING: Final = f"""
SELECT line, {REFUND} FROM staged_refunds WHERE payment_id IS NULL AND line > 0 ORDER BY line"""
