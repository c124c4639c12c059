"""The commands that put a changed policy in force, checked and by two people, and that call one off."""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.cli import documents
from core.cli.answer import AddCommand, Answer, columns, count, instant, somebody

if TYPE_CHECKING:
    from core.texts import Texts


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("publish", publish, tx("cli.help.publish"))
    command.add_argument("file", metavar="FILE", help=tx("cli.help.policy"))
    command.add_argument("--author", type=somebody, metavar="ID", required=True, help=tx("cli.help.author"))
    command.add_argument(
        "--approver", type=somebody, metavar="ID", required=True, help=tx("cli.help.approver")
    )
    command.add_argument("--from", dest="start", type=instant, metavar="ISO", help=tx("cli.help.from"))
    command.add_argument("--despite", type=int, metavar="N", help=tx("cli.help.despite"))
    command.add_argument("--dry-run", action="store_true", help=tx("cli.help.dry_run"))

    add("versions", versions, tx("cli.help.versions"))

    command = add("call-off", call_off, tx("cli.help.call_off"))
    command.add_argument("version", type=count, metavar="VERSION", help=tx("cli.help.call_off_version"))
    command.add_argument("--by", type=somebody, metavar="ID", required=True, help=tx("cli.help.call_off_by"))
    command.add_argument("--because", metavar="TEXT", required=True, help=tx("cli.help.call_off_because"))


def publish(arguments: Namespace) -> Answer:
    """Check a document, say what the analysis found, and put it in force from now or later."""
    from core import policy_words
    from core.cli.opening import opened
    from core.domain.actors import same_person
    from core.domain.errors import DemoClockMoved, NotFound, SamePerson
    from core.services import policies, policy_publishing

    if same_person(arguments.author, arguments.approver):
        raise SamePerson()
    document = documents.document(arguments.file)
    policy = documents.loaded(document)
    found = policy_publishing.analysed(document)
    data: dict[str, Any] = {
        "name": policy.name,
        "version": None,
        "in_force_from": None,
        "dead": [dead.rule for dead in found.dead],
        "gaps": [dict(gap.example) for gap in found.gaps],
        "contradictions": [[item.code, item.rule] for item in found.contradictions],
        "overlaps": [[item.first, item.second] for item in found.overlaps if not item.is_exception],
        "faults": found.faults,
        "displaces": None,
        "followed_by": None,
    }
    start, after = None, None
    app = opened()
    if app.is_off_its_clock():
        raise DemoClockMoved()
    # A dry run goes the whole way and back, so that it refuses whatever the real one would.
    displaced = None
    with app.begin() as conn, conn.begin_nested() as attempt:
        with suppress(NotFound):
            displaced = policies.in_force(app, conn, arguments.start or app.now())[0]
        version = policy_publishing.publish(
            app,
            conn,
            document,
            author=arguments.author,
            approved_by=arguments.approver,
            in_force_from=arguments.start,
            # What is tried is told its faults, all of them, and is refused for nothing else.
            despite=found.faults if arguments.dry_run else arguments.despite,
        )
        begins = policies.begins(conn, version)
        after = policies.next_after(conn, begins)
        if arguments.dry_run:
            attempt.rollback()
        else:
            start = begins
    data["followed_by"] = after and after[0]
    if start is not None:
        data |= {"version": version, "displaces": displaced, "in_force_from": start.isoformat()}

    def lines(tx: Texts) -> list[str]:
        said = policy_words.findings(found, policy, tx)
        followed = [tx("cli.publish.followed", version=after[0], at=_moment(after[1], tx))] if after else []
        if found.faults and start is None and arguments.despite != found.faults:
            return [*said, *followed, tx("cli.publish.unsound", n=found.faults)]
        if start is None:
            return [*said, *followed, tx("cli.publish.checked", name=documents.title(policy, tx))]
        said.append(tx("cli.publish.done", name=documents.title(policy, tx), version=data["version"]))
        said.append(tx("cli.publish.from", at=_moment(start, tx)))
        if data["displaces"] is not None:
            said.append(tx("cli.publish.displaces", version=data["displaces"]))
        return said + followed

    # What the real one would refuse is found by a dry run.
    return Answer(lambda tx: data, lines, found=start is None and arguments.despite != (found.faults or None))


def call_off(arguments: Namespace) -> Answer:
    """Let a version that is to begin later never begin."""
    from uuid import uuid4

    from core import policy_words
    from core.cli.opening import opened
    from core.domain.actors import Actor
    from core.services import policy_schedule

    who, called = Actor("policy", arguments.by), arguments.version
    left = policy_schedule.call_off(opened(), who, called, arguments.because, f"call-off-{uuid4()}")
    coming = [{"version": version, "in_force_from": at.isoformat()} for version, at in left.coming]
    return Answer(
        json=lambda tx: {"called_off": called, "version": left.version, "coming": coming},
        lines=lambda tx: [policy_words.called_off(called, left.version, left.coming, tx)],
    )


def versions(arguments: Namespace) -> Answer:
    """Every version that was published, by its beginning; what is in force now is marked."""
    from core.cli.opening import opened
    from core.services import policy_schedule

    found = policy_schedule.versions(opened())
    fields = ("version", "state", "begins_at", "author", "approved_by", "called_off_by", "because")

    def json(tx: Texts) -> list[dict[str, Any]]:
        rows = [{name: getattr(each, name) for name in fields} for each in found]
        return [row | {"begins_at": row["begins_at"].isoformat()} for row in rows]

    def first(tx: Texts) -> str:
        return tx("cli.versions.beginning")  # setup puts the first one in force for all that was ever bought

    def lines(tx: Texts) -> list[str]:
        return columns(
            (
                each.version,
                tx(
                    f"cli.versions.{each.state}",
                    at=_moment(each.begins_at, tx) if each.version > 1 else first(tx),
                ),
                f"{each.author} → {each.approved_by}",
                f"{each.called_off_by}: {each.because}" if each.called_off_by else "",
            )
            for each in found
        )

    return Answer(json=json, lines=lines)


def _moment(at: datetime, tx: Texts) -> str:
    from core.domain.workdays import ZONE

    return f"{tx.day_long(at)} {at.astimezone(ZONE):%H:%M}"
