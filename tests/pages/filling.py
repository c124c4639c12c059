"""Filling in the wizard in tests: drafts, presses of buttons, a picture that can be read."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from core.adapters.tables import cases as case_table
from core.services import cases
from tests.shop import MEI, Shop


def draft(shop: Shop, order_no: str):  # type: ignore[no-untyped-def]
    return cases.open_draft(shop.app, MEI, order_no)


def filled(
    shop: Shop, order_no: str, reason: str = "not_delivered", amount: int = 10_000, **more: object
) -> str:
    """A draft with what step 1 asks for."""
    case_no = draft(shop, order_no).case_no
    cases.save_draft(shop.app, MEI, case_no, reason=reason, requested_minor=amount, **more)
    return case_no


def step(at: AppTest) -> str:
    return at.query_params["step"][0]


def press(at: AppTest, key: str = "next") -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception
    return at


def keyed(at: AppTest, kind: str, name: str):  # type: ignore[no-untyped-def]
    return next(widget for widget in at.get(kind) if widget.key and widget.key.startswith(name))


def number_of_cases(shop: Shop) -> int:
    with shop.app.read() as conn:
        return int(conn.execute(select(func.count()).select_from(case_table)).scalar_one())


def picture() -> bytes:
    image = Image.new("RGB", (700, 900), "white")
    pen = ImageDraw.Draw(image)
    for line in range(40):
        pen.text((20, 20 * line + 10), f"{line} account 138****2046 membership not active", fill="black")
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
