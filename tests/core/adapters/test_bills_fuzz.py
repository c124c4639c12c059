"""Bills that went through bad hands: a right result, or a line that says it was not understood; never a wrong sum."""

# ruff: noqa: E501
from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.adapters import bills
from core.domain.bills import ReadBill
from core.domain.errors import FileUnreadable
from tests.core.adapters import bill_addition, made_bills
from tests.core.adapters.bill_addition import Addition
from tests.core.adapters.made_bills import BILLS, BY_HAND, FIXTURES, Made

FEW, MANY = 40, 5_000
TEXTS = [made for made in (*BILLS, *BY_HAND) if made.encoding]
MAPPING = bills.Mapping.load(FIXTURES / "generic_bill.toml")
# Words by which a line may be about a refund.
BACK = re.compile("退款|REFUND|REVOKED")


def _columns(made: Made) -> set[str]:
    """What stands in its header: the first line of many cells."""
    lines = (re.split("[,;]", line) for line in re.split("\r?\n", made.make().decode(made.encoding)))
    header = next(cells for cells in lines if sum(bool(cell.strip()) for cell in cells) > 6)
    return {bill_addition.plain(cell) for cell in header} - {""}


COLUMNS = {made.file: _columns(made) for made in TEXTS}
Mutation = Callable[[str, random.Random], str]


def read(path: Path, kind: str) -> ReadBill | FileUnreadable:
    try:
        return bills.read(path, MAPPING if kind == "generic_csv" else None)
    except FileUnreadable as refused:
        return refused


def check(
    bill: ReadBill | FileUnreadable,
    right: Addition,
    made: Made,
    seed: object,
    put_in: frozenset[int] = frozenset(),
) -> str:
    """What became of it; fails when a refund is invented, lost without a word, or of another amount.

    `put_in`: amounts that were put into it on purpose.
    """
    if isinstance(bill, FileUnreadable):
        return "refused"
    assert bill.kind == made.kind, seed
    told = {line for warning in bill.warnings for line in warning.lines}
    rest = [min(w.lines) for w in bill.warnings if w.key.endswith("quotes_wrong")]
    amounts = {minor for _, minor in made.refunds} | put_in
    for refund in bill.refunds:
        if refund.line in right.refunds:
            assert refund.amount_minor == right.refunds[refund.line], (seed, refund)
        else:
            assert refund.line in right.unclear and refund.amount_minor in amounts, (seed, refund)
    seen = {refund.line for refund in bill.refunds}
    lost = set(right.refunds) - seen - told
    if rest and made.kind == "generic_csv":  # nothing below an open quotation mark is read
        lost = {line for line in lost if line < min(rest)}
    assert not lost, (seed, lost, bill.warnings)
    if not right.unclear and not told:
        assert sum(bill.totals.values()) == bill_addition.total(list(right.refunds.values())) * 100, seed
    return "read" if seen == set(right.refunds) else "told"


# --- ways to spoil a text --------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    return text.split("\r\n") if "\r\n" in text else text.split("\n")


def _split_row(line: str) -> tuple[list[str], str]:
    if line.startswith("`"):
        return line[1:].split(",`"), "`"
    found = bill_addition.split(line)
    return found or [line], ""


def _join_row(cells: list[str], sign: str) -> str:
    if sign:
        return "`" + ",`".join(cells)
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)


def _table(text: str) -> tuple[list[str], int, int]:
    """Lines, where the header stands, how many cells it has."""
    lines = _lines(text)
    at = next(
        place for place, line in enumerate(lines)
        if any(bill_addition.is_header(re.split("[,;]", line), columns) for columns in COLUMNS.values())
    )  # fmt: skip
    return lines, at, len(bill_addition.split(lines[at]) or [])


def cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text))]


def cut_out(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text))
    return text[:start] + text[start + rng.randrange(1, 60) :]


def drop_lines(text: str, rng: random.Random) -> str:
    lines = _lines(text)
    for _ in range(rng.randrange(1, 4)):
        if lines:
            del lines[rng.randrange(len(lines))]
    return "\r\n".join(lines)


def move_lines(text: str, rng: random.Random) -> str:
    lines = _lines(text)
    for _ in range(rng.randrange(1, 4)):
        lines.insert(rng.randrange(len(lines)), lines[rng.randrange(len(lines))])
    return "\r\n".join(lines)


def double_header(text: str, rng: random.Random) -> str:
    lines, at, _ = _table(text)
    lines.insert(rng.randrange(at, len(lines) + 1), lines[at])
    return "\r\n".join(lines)


def shuffle_columns(text: str, rng: random.Random) -> str:
    lines, at, width = _table(text)
    order = rng.sample(range(width), width)
    if lines[at].startswith("时间;"):
        return text
    for place in range(at, len(lines)):
        cells, sign = _split_row(lines[place])
        if len(cells) == width:
            lines[place] = _join_row([cells[old] for old in order], sign)
    return "\r\n".join(lines)


def drop_column(text: str, rng: random.Random) -> str:
    lines, at, width = _table(text)
    gone = rng.randrange(width)
    for place in range(at, len(lines)):
        cells, sign = _split_row(lines[place])
        if len(cells) == width:
            del cells[gone]
            lines[place] = _join_row(cells, sign)
    return "\r\n".join(lines)


def blank_cells(text: str, rng: random.Random) -> str:
    lines, at, _ = _table(text)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(at, len(lines))
        cells, sign = _split_row(lines[place])
        cells[rng.randrange(len(cells))] = rng.choice(["", "/", "0", "-", "退款", "NaN", "1e3", "退款成功"])
        lines[place] = _join_row(cells, sign)
    return "\r\n".join(lines)


AMOUNTS = re.compile(r"(?<![0-9.:])-?([0-9]+)\.([0-9]{2})(?![0-9.%])")


def _rewritten(text: str, rng: random.Random, write: Callable[[str], str]) -> str:
    return AMOUNTS.sub(lambda match: write(match[0]) if rng.random() < 0.4 else match[0], text)


def thousands(text: str, rng: random.Random) -> str:
    """Sometimes with the quotes that they need."""
    is_quoted = rng.random() < 0.5

    def write(amount: str) -> str:
        sign, whole = amount[: amount.startswith("-")], amount.removeprefix("-")
        written = f"{sign}{int(whole[:-3]):,}{whole[-3:]}"
        return f'"{written}"' if is_quoted and "`" not in text else written

    return _rewritten(text, rng, write)


def full_width(text: str, rng: random.Random) -> str:
    wide = {ord(sign): chr(ord(sign) + 0xFEE0) for sign in "0123456789.-"}
    return _rewritten(text, rng, lambda amount: amount.translate(wide))


def signs(text: str, rng: random.Random) -> str:
    ways = [
        "￥{0}",
        "¥{0}",
        "{0}元",
        "({0})",
        "+{0}",
        " {0} ",
        "（{0}）",
        "CNY {0}",
        "{0}0",
        "{0}00001",
        "-{0}",
    ]
    return _rewritten(text, rng, lambda amount: rng.choice(ways).format(amount))


def typo(text: str, rng: random.Random) -> str:
    for _ in range(rng.randrange(1, 8)):
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice('",`\t;\n\r 9-.退款') + text[place + rng.randrange(2) :]
    return text


def line_ends(text: str, rng: random.Random) -> str:
    return "".join(line + rng.choice(["\r\n", "\n", "\r", "\n\n"]) for line in _lines(text))


def joined(text: str, rng: random.Random) -> str:
    return text + ("" if rng.random() < 0.3 else "\r\n") + text


def talk_above(text: str, rng: random.Random) -> str:
    return (
        "\r\n".join(
            rng.choice(["", "说明,,,", "1. 退款说明", "#", "交易时间", "----"])
            for _ in range(rng.randrange(1, 60))
        )
        + "\r\n"
        + text
    )


def bare_ends(text: str, rng: random.Random) -> str:
    return "\r\n".join(line.rstrip(", \t") if rng.random() < 0.7 else line + ",,," for line in _lines(text))


def tabs(text: str, rng: random.Random) -> str:
    return text if "`" in text else text.replace("\t", "").replace(",", "\t")


WAYS: tuple[Mutation, ...] = (
    cut, cut_out, drop_lines, move_lines, double_header, shuffle_columns, drop_column, blank_cells, thousands,
    full_width, signs, typo, line_ends, joined, talk_above, bare_ends, tabs,
)  # fmt: skip


def encoded(text: str, usual: str, rng: random.Random) -> bytes:
    """In the bill's own encoding, another, or two at once."""
    way = rng.randrange(10)
    if way == 0:
        return text.encode("utf-16")
    if way == 1:
        parts = re.split("(?<=\n)", text)
        return b"".join(part.encode(rng.choice(["utf-8", "gb18030"])) for part in parts)
    if way == 2:
        return text.encode(rng.choice(["utf-8", "utf-8-sig", "gb18030"]))
    return text.encode(usual)


def spoilt(made: Made, seed: str) -> tuple[bytes, str]:
    rng = random.Random(seed)
    text = made.make().decode(made.encoding)
    ways = rng.sample(WAYS, rng.choice([1, 1, 1, 2, 2, 3]))
    for way in ways:
        with suppress(StopIteration, ValueError, IndexError):  # nothing is left to spoil in this way
            text = way(text, rng)
    return encoded(text, made.encoding, rng), "+".join(way.__name__ for way in ways)


def run(made: Made, times: int, path: Path) -> dict[str, int]:
    ends: dict[str, int] = {}
    for number in range(times):
        seed = f"{made.file} {number}"
        data, ways = spoilt(made, seed)
        path.write_bytes(data)
        end = check(
            read(path, made.kind),
            bill_addition.of_text(data, made.kind, COLUMNS[made.file]),
            made,
            (seed, ways),
        )
        ends[end] = ends.get(end, 0) + 1
    return ends


@pytest.mark.parametrize("made", TEXTS, ids=lambda made: made.file)
def test_no_hand_makes_a_wrong_sum(made: Made, tmp_path: Path) -> None:
    ends = run(made, FEW, tmp_path / "bill")
    assert ends.get("read", 0) > FEW // 4, ends  # the reader does not save itself by refusing


@pytest.mark.torture
@pytest.mark.parametrize("made", TEXTS, ids=lambda made: made.file)
def test_five_thousand_hands_make_no_wrong_sum(made: Made, tmp_path: Path) -> None:
    print(made.file, run(made, MANY, tmp_path / "bill"))


# --- workbooks and zips ------------------------------------------------------------------------------------------


def spoilt_sheet(rng: random.Random) -> tuple[bytes, Addition]:
    """Rows of a workbook, changed cell by cell."""
    header = made_bills._WECHAT.split(",")
    rows: list[list[str | float]] = [[line] for line in made_bills._WECHAT_ABOVE[: rng.randrange(16)]]
    table: list[list[str | float]] = [list(header)]
    for row in made_bills._WECHAT_ROWS:
        amount = float(row[5])
        written: str | float = rng.choice(
            [amount, amount, row[5], f"¥{amount:,.2f}", amount + 1e-13, f"({row[5]})"]
        )
        table.append([*row[:5], written, *row[6:]])
    for _ in range(rng.randrange(4)):
        row = rng.choice(table)
        row[rng.randrange(len(row))] = rng.choice(["", "/", 0.0, 46000.5, "退款", "支出", 12.345, 1e20])
    if rng.random() < 0.3:
        order = rng.sample(range(len(header)), len(header))
        table = [[row[place] for place in order] for row in table]
    if rng.random() < 0.2:
        table.insert(rng.randrange(1, len(table)), list(table[0]))
    for _ in range(rng.randrange(3)):
        del table[rng.randrange(1, len(table))][rng.randrange(3, 11) :]
    rows += table
    texts = [
        (line, ["" if cell == "" else cell if isinstance(cell, str) else f"{cell:.15g}" for cell in cells])
        for line, cells in enumerate(rows, 1)
    ]
    right = bill_addition.of_rows(texts, "wechat_personal", COLUMNS["wechat_personal.csv"])
    return made_bills.workbook(rows, shared=rng.random() < 0.5), right


def spoilt_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data[: rng.randrange(len(data))] if rng.random() < 0.3 else data)
    for _ in range(rng.randrange(1, 6)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def run_packed(times: int, path: Path) -> None:
    sheet = next(made for made in BILLS if made.file.endswith(".xlsx"))
    archive = next(made for made in BILLS if made.file.endswith(".zip"))
    details = next(made for made in BY_HAND if made.kind == "alipay_merchant")
    for number in range(times):
        rng = random.Random(number)
        data, right = spoilt_sheet(rng)
        path.write_bytes(data)
        check(read(path, sheet.kind), right, sheet, number, frozenset({4_600_050}))
        inside, ways = spoilt(details, f"zip {number}")
        path.write_bytes(made_bills.packed({"业务明细.csv": inside, "汇总.csv": b"#\r\n"}, gbk_names=True))
        right = bill_addition.of_text(inside, details.kind, COLUMNS[details.file])
        check(read(path, details.kind), right, details, (number, ways))
        for made in (sheet, archive):
            # Whatever a changed byte does, the checksum notices: refused, or as it was.
            path.write_bytes(spoilt_bytes(made.make(), rng))
            found = read(path, made.kind)
            if isinstance(found, ReadBill):
                assert sum(found.totals.values()) == made.total, number


def test_packed_bills_make_no_wrong_sum(tmp_path: Path) -> None:
    run_packed(2 * FEW, tmp_path / "bill")


@pytest.mark.torture
def test_five_thousand_packed_bills_make_no_wrong_sum(tmp_path: Path) -> None:
    run_packed(MANY, tmp_path / "bill")
