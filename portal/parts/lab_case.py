"""A request's number in the lab: a way to its file for who may open the desk."""

from __future__ import annotations

from core.services import queues
from portal import session
from portal.html import esc, href


def link(case_no: str, label: str = "") -> str:
    """HTML; `label`: what the link says instead of the number alone."""
    who = session.actor()
    if who is None or who.role not in queues.ROLES:
        return f"<bdi>{esc(case_no)}</bdi>"
    to = href("/desk", case=case_no)
    return f'<a href="{to}" target="_blank" rel="noopener">{esc(label or case_no)}</a>'
