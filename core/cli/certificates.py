"""Commands about refund certificates: issue one, verify one, the keys."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.cli.answer import AddCommand, Answer, columns
from core.domain.errors import KeysInvalid

if TYPE_CHECKING:
    from core.services.certificates import Checked
    from core.texts import Texts

LARGEST_TEXT: Final = 20_000  # bytes; a certificate has about a thousand


def add_commands(add: AddCommand, tx: Texts) -> None:
    command = add("certificate", certificate, tx("cli.help.certificate"))
    command.add_argument("case", metavar="NO", help=tx("cli.help.case_no"))
    command.add_argument("--out", metavar="FILE", type=Path, help=tx("cli.help.certificate_out"))

    command = add("verify-certificate", verify_certificate, tx("cli.help.verify_certificate"))
    command.add_argument("certificate", metavar="FILE_OR_TEXT", help=tx("cli.help.certificate_text"))
    command.add_argument("--keys", metavar="FILE", type=Path, help=tx("cli.help.keys"))

    command = add("certificate-keys", certificate_keys, tx("cli.help.certificate_keys"))
    command.add_argument("--rotate", action="store_true", help=tx("cli.help.rotate"))


def certificate(arguments: Namespace) -> Answer:
    from core import texts
    from core.adapters.certificates import sheet
    from core.cli.opening import opened
    from core.domain.actors import SYSTEM
    from core.services import certificates

    app = opened()
    issued = certificates.issue(app, SYSTEM, arguments.case)
    out: Path | None = arguments.out
    if out is not None:
        drawn = certificates.sheet(texts.of(arguments.lang), issued, app.verify_address)
        kind = out.suffix.lower()
        data = sheet.pdf(drawn) if kind == ".pdf" else sheet.png(drawn) if kind == ".png" else None
        out.write_bytes(issued.token.encode() if data is None else data)
    told = {"case_no": arguments.case, "certificate": issued.token, "claims": issued.certificate.claims()}

    def lines(tx: Texts) -> list[str]:
        if out is not None:
            return [tx("cli.certificate.written", file=str(out))]
        return [issued.token]

    return Answer(json=lambda tx: told, lines=lines)


def verify_certificate(arguments: Namespace) -> Answer:
    """Exit code 0 only for one that is genuine and tells today's state; with `--keys` today is not known."""
    from core.services import certificates

    text = _text(arguments.certificate)
    if arguments.keys is not None:
        checked = certificates.read(text, _keys(arguments.keys))
    else:
        from core.cli.opening import opened

        checked = certificates.check(opened(), text)
    given = checked.certificate
    data: dict[str, Any] = {
        "verdict": checked.verdict,
        "claims": given.claims() if given else None,
        "state_today": checked.today.state if checked.today else None,
    }
    return Answer(
        json=lambda tx: data, lines=lambda tx: _lines(checked, tx), found=checked.verdict != "genuine"
    )


def _lines(checked: Checked, tx: Texts) -> list[str]:
    given = checked.certificate
    shop = given.shop if given else ""
    said = [tx(f"verify.{checked.verdict}"), tx(f"verify.{checked.verdict}.says", shop=shop)]
    if given is not None:
        rows = [
            (tx("certificate.case"), given.case_no),
            (tx("certificate.order"), given.order_no),
            (tx("certificate.refund"), tx.money(given.refund_minor, given.currency)),
            (tx("certificate.as_of"), tx.when(given.as_of, datetime(1970, 1, 1, tzinfo=UTC))),
            *(
                (tx(f"channel.{leg.channel}"), f"{tx.money(leg.amount_minor, given.currency)} {leg.account}")
                for leg in given.legs
            ),
        ]
        said += columns(rows)
    if checked.today is not None:
        said.append(f"{tx('verify.today')}: {tx(f'state.{checked.today.state}')}")
    return said


def _text(told: str) -> str:
    """What was given: the certificate's text itself, or what a file of any kind holds."""
    path = Path(told)
    try:
        if not path.is_file():
            return told
    except OSError:  # a name longer than names can be is a certificate
        return told
    from core.services.certificates import text_in

    with path.open("rb") as file:
        return text_in(file.read(11_000_000))


def _keys(path: Path) -> dict[str, bytes]:
    from core.adapters.certificates import signing

    try:
        return signing.keys_of(json.loads(path.read_bytes()[:LARGEST_TEXT]))
    except ValueError:
        raise KeysInvalid(file=path.name) from None


def certificate_keys(arguments: Namespace) -> Answer:
    from core.cli.opening import opened
    from core.services import certificates

    app = opened()
    rotated = certificates.rotate(app) if arguments.rotate else None
    data = certificates.key_set(app)

    def lines(tx: Texts) -> list[str]:
        head = [tx("cli.certificate.rotated", kid=rotated)] if rotated else []
        return [*head, json.dumps(data, indent=2)]

    return Answer(json=lambda tx: data, lines=lines)
