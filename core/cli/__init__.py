"""The operator's command line: reads arguments, prints one answer, turns refusals into words.

A command is a function `(arguments) -> Answer` in the module of its topic; nothing in here knows a rule.
Heavy imports stand inside the commands, so that a small one answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from core import texts
from core.cli import (
    backing_up,
    bills,
    case_list,
    cases,
    certificates,
    credit,
    facts,
    intake,
    notices,
    people,
    personal,
    pictures,
    publishing,
    reconciling,
    rules,
    simulating,
    upkeep,
    wallet,
)
from core.cli.answer import Answer, Run, Usage, printable, refusal
from core.cli.usage import understood
from core.domain.errors import DatabaseUnavailable, FileExists, FileMissing, Refusal, SettingInvalid

GOOD, REFUSED, USAGE = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # `clock advance -3d` is a span that cannot be, not an option that is not known.
        self._negative_number_matcher = re.compile("-[0-9]")

    def error(self, message: str) -> NoReturn:
        raise understood(message, self.format_usage())


def main(argv: Sequence[str]) -> int:
    """Run one command: exit code 0 good, 1 refused or something found, 2 usage; bad input never raises."""
    spoken = language()
    everywhere = _everywhere(spoken)
    try:
        common, words = everywhere.parse_known_args(argv)
    except Usage as usage:
        return _wrong(usage, spoken, "--json" in argv)
    try:
        arguments = _parser(common.lang, everywhere).parse_args(words, common)
        _check_characters(argv)
        _check_language()
        answer: Answer = arguments.run(arguments)
        shown = _shown(answer, common.lang, common.json)
    except Usage as usage:
        return _wrong(usage, common.lang, common.json)
    except SystemExit as asked:  # argparse, after --help
        return GOOD if asked.code is None else int(asked.code)
    except KeyboardInterrupt:
        return REFUSED
    except Exception as error:
        if common.debug:
            raise
        answer = refusal(error) if isinstance(error, Refusal) else _unforeseen(error)
        shown = _shown(answer, common.lang, common.json)
    sys.stdout.write(shown)
    return REFUSED if answer.found else GOOD


def _shown(answer: Answer, language: str, as_json: bool) -> str:
    tx = texts.of(language)
    if as_json:
        return json.dumps(answer.json(tx), ensure_ascii=False, allow_nan=False) + "\n"
    return "".join(f"{printable(line)}\n" for line in answer.lines(tx))


def _wrong(usage: Usage, language: str, as_json: bool) -> int:
    """The usage on stderr; with `--json` what is wrong as the one JSON object as well."""
    said = texts.of(language)(usage.key, **usage.words)
    print(printable(f"{usage.form}{said}", keep="\n"), file=sys.stderr)
    if as_json:
        print(json.dumps({"code": "usage", "message": said}, ensure_ascii=False))
    return USAGE


def _everywhere(language: str) -> _Parser:
    """The options that stand before or after the command."""
    tx = texts.of(language)
    parser = _Parser(prog="python -m core", add_help=False, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help=tx("cli.help.json"))
    parser.add_argument("--lang", choices=texts.LANGUAGES, default=language, help=tx("cli.help.lang"))
    parser.add_argument("--debug", action="store_true", help=tx("cli.help.debug"))
    return parser


def _parser(language: str, everywhere: _Parser) -> _Parser:
    tx = texts.of(language)
    parser = _Parser(
        prog="python -m core",
        description=tx("cli.help.portal"),
        epilog=tx("cli.help.exit_codes"),
        parents=[everywhere],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar=tx("cli.help.command"), required=True)

    def add(name: str, run: Run, sentence: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=sentence, description=sentence, allow_abbrev=False)
        command.set_defaults(run=run)
        return command

    for topic in (
        upkeep,
        backing_up,
        intake,
        bills,
        reconciling,
        pictures,
        case_list,
        cases,
        credit,
        wallet,
        notices,
        people,
        personal,
        facts,
        rules,
        simulating,
        publishing,
        certificates,
    ):
        topic.add_commands(add, tx)
    return parser


def language() -> str:
    """REFUND_LANG, else English where the system speaks it, else Chinese."""
    told = texts.spoken(os.environ.get("REFUND_LANG", ""))
    if told is not None:
        return told
    system = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "en" if system.startswith("en") else "zh_CN"


def _check_language() -> None:
    told = os.environ.get("REFUND_LANG", "")
    if told and texts.spoken(told) is None:
        raise SettingInvalid(variable="REFUND_LANG", allowed=", ".join(texts.LANGUAGES))


def _check_characters(argv: Sequence[str]) -> None:
    """Bytes that are no text, and the zero character, which no database of ours can keep."""
    for word in argv:
        if "\0" in word or (not word.isascii() and any("\ud800" <= char <= "\udfff" for char in word)):
            raise Usage("cli.usage.not_text")


def _unforeseen(error: Exception) -> Answer:
    """What is no refusal of ours: a missing file, an absent database, or a fault in here."""
    from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

    if isinstance(error, FileExistsError) and error.filename is not None:
        return refusal(FileExists(file=str(error.filename)))
    if isinstance(error, OSError) and error.filename is not None:
        return refusal(FileMissing(file=str(error.filename)))
    if isinstance(error, ArgumentError | DBAPIError) and not isinstance(error, IntegrityError):
        return refusal(DatabaseUnavailable(problem=str(error).partition("\n")[0][:200]))
    name = type(error).__name__
    return Answer(
        json=lambda tx: {"code": "unforeseen", "error": name, "message": tx("cli.unforeseen", error=name)},
        lines=lambda tx: [tx("cli.unforeseen", error=name)],
        found=True,
    )
