"""Slips: mistakes in a document that people write, as values with a place, a code and parameters.

The words live in the catalogs under `slip.<code>`; what libraries say of a document is turned into ours here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

CODES: Final = (
    "not_utf8", "not_toml", "bare_key", "full_width", "not_json", "fact", "fact_missing", "paid_later",
    "too_deep", "missing", "missing_section", "unknown", "whole_number",
    "at_least", "at_most", "number_between", "choice", "text", "too_long", "yes_no", "section", "list",
    "pair", "too_many", "unfit", "value_twice", "empty_list", "span", "above_other",
    "no_rules", "rule_shape", "rule_twice", "identifier", "when_shape", "words_missing", "braces",
    "placeholder", "numbers", "two_bounds", "never_holds", "below_least", "entangled", "secret",
    "history_damaged", "history_group", "history_empty", "history_row",
    "history_unknown", "history_missing", "history_type", "history_null", "history_word", "history_time",
    "history_least", "history_most", "history_no_payment", "history_above_paid", "history_twice",
)  # fmt: skip


class Slip(ValueError):
    """One mistake. `place` is its path in the document: `limits.second_approval_minor`."""

    def __init__(self, code: str, place: str = "", **params: Any) -> None:
        super().__init__(f"{place}: {code}")
        self.code = code
        self.place = place
        self.params = params

    def below(self, path: str) -> Slip:
        """The same mistake, seen from further up in the document."""
        return Slip(self.code, f"{path}.{self.place}" if self.place else path, **self.params)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "place": self.place, **self.params}


def written(value: Any) -> str:
    """A value about as a document writes it, cut to what fits a sentence."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:40]


def not_toml(text: str, error: Exception) -> Slip:
    """Where Python's reader of TOML stopped; its reason is English, and often not the author's mistake."""
    if isinstance(error, RecursionError):
        return Slip("too_deep")
    at = re.search(r"at line ([0-9]+), column ([0-9]+)", str(error))
    line = text.split("\n")[int(at[1]) - 1] if at else ""
    if at and (sign := _full_width(line)):
        return Slip("full_width", line=int(at[1]), sign=sign, plain=FULL_WIDTH[sign])
    key = _BARE_KEY.match(line)
    if at and key and not key[1].isascii():
        return Slip("bare_key", line=int(at[1]), key=key[1][:40], written=f'"{key[1][:40]}"')
    if at is None:  # at its end
        return Slip("not_toml", line=text.count("\n") + 1, column=len(text) - text.rfind("\n"))
    return Slip("not_toml", line=int(at[1]), column=int(at[2]))


# Signs of a Chinese keyboard that stand for one of TOML's.
FULL_WIDTH: Final[Mapping[str, str]] = {
    "\N{FULLWIDTH COMMA}": ",", "\N{IDEOGRAPHIC COMMA}": ",", "\N{FULLWIDTH EQUALS SIGN}": "=",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{FULLWIDTH QUOTATION MARK}": '"', "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{LEFT BLACK LENTICULAR BRACKET}": "[",
    "\N{RIGHT BLACK LENTICULAR BRACKET}": "]", "\N{FULLWIDTH LEFT SQUARE BRACKET}": "[",
    "\N{FULLWIDTH RIGHT SQUARE BRACKET}": "]", "\N{FULLWIDTH LEFT CURLY BRACKET}": "{",
    "\N{FULLWIDTH RIGHT CURLY BRACKET}": "}", "\N{FULLWIDTH NUMBER SIGN}": "#",
    "\N{FULLWIDTH FULL STOP}": ".", "\N{IDEOGRAPHIC SPACE}": "' '",
}  # fmt: skip
_WHOLE_STRING: Final = re.compile(r"""\"(?:[^"\\\n]|\\.)*\"|'[^'\n]*'|#.*""")


def _full_width(line: str) -> str:
    """The first of them that stands neither in a string nor in a comment; '' for none."""
    rest = _WHOLE_STRING.sub("", line)
    return next((sign for sign in rest if sign in FULL_WIDTH), "")


# What stands before = without quotes: TOML takes ASCII letters, digits, - and _ only.
_BARE_KEY: Final = re.compile(r"""\s*([^\s"'=#\[\]{}]+)\s*=""")


def missing(path: tuple[Any, ...], example: Any) -> Slip:
    """Nothing stands at `path`; `example` is a document that is whole."""
    for part in path:
        known = example if isinstance(example, Mapping) else {}
        example = known.get(part)
    if example is None and len(path) > 1 and known:
        example = next(iter(known.values()))  # a new word that the example lacks too: as its neighbour
    place = ".".join(map(str, path))
    if example is None or isinstance(example, Mapping):
        return Slip("missing_section", place)
    return Slip("missing", place, example=f"{path[-1]} = {json.dumps(example, ensure_ascii=False)}")


def from_pydantic(item: Mapping[str, Any], example: Any) -> Slip:
    """One of `ValidationError.errors()`. `example` is a document that is whole."""
    kind, path, context = item["type"], tuple(item["loc"]), item.get("ctx", {})
    place = ".".join(map(str, path))
    ours = context.get("error")
    if isinstance(ours, Slip):
        return ours.below(place) if place else ours
    if path and isinstance(path[-1], int) and kind == "missing":
        return Slip("pair", ".".join(map(str, path[:-1])))
    if kind == "missing":
        return missing(path, example)
    if kind == "extra_forbidden":
        for part in path[:-1]:
            example = example.get(part, {})
        return Slip("unknown", place, allowed=", ".join(example))
    if kind == "too_long" and context.get("max_length") == 2:
        return Slip("pair", place)
    code, params = _MEANINGS.get(kind, ("unfit", {}))
    given = item.get("input")
    is_quoted = code == "whole_number" and isinstance(given, str)  # then the quotes are what is wrong
    values = {**context, "value": f'"{written(given)}"' if is_quoted else written(given)}
    if kind == "literal_error":
        values["allowed"] = ", ".join(re.findall("'([^']*)'", context["expected"]))
    return Slip(code, place, **{ours: values[theirs] for ours, theirs in params.items()})


# pydantic's type of error → our code, and which of its values fill the words.
_MEANINGS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "int_type": ("whole_number", {"value": "value"}),
    "int_parsing": ("whole_number", {"value": "value"}),
    "int_from_float": ("whole_number", {"value": "value"}),
    "greater_than_equal": ("at_least", {"least": "ge", "value": "value"}),
    "less_than_equal": ("at_most", {"most": "le", "value": "value"}),
    "literal_error": ("choice", {"value": "value", "allowed": "allowed"}),
    "string_type": ("text", {}),
    "string_too_short": ("text", {}),
    "string_too_long": ("too_long", {"most": "max_length"}),
    "too_long": ("too_many", {"most": "max_length"}),
    "bool_type": ("yes_no", {}),
    "model_type": ("section", {}),
    "model_attributes_type": ("section", {}),
    "dict_type": ("section", {}),
    "tuple_type": ("list", {}),
}
