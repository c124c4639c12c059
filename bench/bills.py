"""A million rows of WeChat Pay's trade bill: read and understood, beside pandas that only splits the text.

Each side is a process of its own, so that its peak of memory is its own too. pandas reads every cell as text,
as FACTS asks for amounts and numbers; it knows neither backticks nor trailers nor refunds.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Measured

ROWS = 1_000_000
ROUNDS = 3
SECONDS, MEGABYTES = 60, 512
ROOT = Path(__file__).parents[1]
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TAIL = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
GOODS = ("游戏点卡 100 元", "手机话费 50 元", "会员月卡", "办公软件密钥")


def run() -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bill.csv"
        refunds, total = write(path)
        ours, theirs, peak = [], [], 0
        for _ in range(ROUNDS):
            seconds, memory, found = _in_a_process("ours", path)
            assert found == f"{ROWS} {refunds} {total} 0", found
            ours.append(seconds)
            peak = max(peak, memory)
            theirs.append(_in_a_process("pandas", path)[0])
    mine, bare = min(ours), min(theirs)
    return [
        Measured(f"{ROWS:,} rows, against pandas", f"{mine:.1f} s", f"{bare:.1f} s", mine / bare, at_most=2),
        Measured("… in seconds", f"{mine:.1f} s", f"{SECONDS} s", mine / SECONDS, at_most=1),
        Measured("… in memory, at most", f"{peak} MB", f"{MEGABYTES} MB", peak / MEGABYTES, at_most=1),
    ]  # fmt: skip


def write(path: Path, rows: int = ROWS) -> tuple[int, int]:
    """(refunds, minor units refunded) of a bill of one day, a tenth of it refunds, the same every time."""
    random_ = random.Random(11)
    refunds = back = paid = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(f"{HEAD}\r\n")
        for number in range(rows):
            second, minor = number * 86_400 // rows, random_.randrange(1, 100_000)
            amount, is_payment = f"{minor // 100}.{minor % 100:02d}", bool(number % 10)
            paid, back = paid + minor * is_payment, back + minor * (not is_payment)
            refunds += not is_payment
            cells = [
                f"2026-11-20 {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
                "wx0000000000000001", "1900000001", "0", "", f"4200001000202611{number:012d}",
                f"WX20261120{number:08d}", f"oTEST{number:023d}", "NATIVE",
            ]  # fmt: skip
            if is_payment:
                cells += ["SUCCESS", "OTHERS", "CNY", amount, "0.00", "0", "0", "0.00", "0.00", "", ""]
            else:
                cells += [
                    "REFUND", "OTHERS", "CNY", "0.00", "0.00", f"503000{number:022d}",
                    f"WXR2026112000{number:08d}", amount, "0.00", "ORIGINAL", "SUCCESS",
                ]  # fmt: skip
            asked = ("0.00", amount)
            cells += [GOODS[number % 4], "", "0.60000", "0.60%", asked[is_payment], asked[not is_payment], ""]
            file.write("`" + ",`".join(cells) + "\r\n")
        totals = (f"{paid // 100}.{paid % 100:02d}", f"{back // 100}.{back % 100:02d}")
        file.write(f"{TAIL}\r\n`{rows}.0,`{totals[0]},`{totals[1]},`0.00,`0.00,`{totals[0]},`{totals[1]}\r\n")
    return refunds, back


def _in_a_process(side: str, path: Path) -> tuple[float, int, str]:
    """Seconds, megabytes at the peak, and what it found."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.bills", side, str(path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory, found = done.stdout.strip().split(" ", 2)
    return float(seconds), int(memory), found


def _measure(side: str, path: Path) -> None:
    if side == "ours":
        from core.adapters import bills

        started = time.perf_counter()
        bill = bills.read(path)
        seconds = time.perf_counter() - started
        found = f"{bill.rows} {len(bill.refunds)} {sum(bill.totals.values())} {len(bill.warnings)}"
    else:
        import pandas

        started = time.perf_counter()
        frame = pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        seconds = time.perf_counter() - started
        found = f"{len(frame)}"
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, found)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _measure(sys.argv[1], Path(sys.argv[2]))
    else:
        from bench.__main__ import main

        raise SystemExit(main(["bills"]))
