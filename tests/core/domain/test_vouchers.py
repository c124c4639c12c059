"""A voucher's code: readable, and wrong in a way that shows."""

from __future__ import annotations

import secrets
from itertools import combinations

import pytest

from core.domain import vouchers
from core.domain.errors import CodeMistyped
from core.domain.vouchers import ALPHABET, LENGTH, digest, make, read, spelled, tail


def test_no_sign_is_taken_for_another() -> None:
    assert not set("0O1IL") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET) == 31, "a prime: the check rests on it"


def test_each_code_is_another_one() -> None:
    """Nothing of it is fixed, and it reads back however it is spelled."""
    made = [make(secrets.randbelow) for _ in range(200)]
    assert len(set(made)) == 200
    assert all(len({code[place] for code in made}) > 10 for place in range(LENGTH))
    for code in made:
        assert len(code) == LENGTH
        for typed in (code, spelled(code), f"  {spelled(code).lower()} ", spelled(code).replace("-", "—")):
            assert read(typed) == code
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in made[0])
    assert read(wide) == made[0]


def test_one_wrong_sign_always_shows() -> None:
    code = make(secrets.randbelow)
    for place in range(LENGTH):
        for sign in set(ALPHABET) - {code[place]}:
            with pytest.raises(CodeMistyped):
                read(code[:place] + sign + code[place + 1 :])


def test_two_signs_that_changed_places_always_show() -> None:
    code = make(secrets.randbelow)
    for one, other in combinations(range(LENGTH), 2):
        if code[one] != code[other]:
            swapped = list(code)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            with pytest.raises(CodeMistyped):
                read("".join(swapped))


@pytest.mark.parametrize(
    "text", ["", " ", "ABC", "0" * 20, "２" * 21, "22222-22222-22222-2222O", "x" * 10_000]
)
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(CodeMistyped):
        read(text)


def test_a_hash_tells_nothing_of_it() -> None:
    code = make(secrets.randbelow)
    assert len(digest(code)) == 64 and digest(code) != digest(make(secrets.randbelow))
    assert tail(code) == code[-4:] and vouchers.TAIL < LENGTH / 4
