"""pydantic's errors as sentences an installer understands: what is wrong, what is allowed."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from appliance.profile.faults import Route, quoted, shown
from appliance.profile.schema import Place, allowed_text, kind_name, place_at
from appliance.profile.tree import Tree

_LONGEST_KEY_COMPARED = 40


def sentences(error: ErrorDetails, tree: Tree) -> tuple[Route, str, str] | None:
    """Where the fault is, what is wrong and what is allowed, for one error of the schema.

    None for a list that pydantic finds too short only because it left faulty entries out.

    A secret's fault is told at the secret's own key, and its text is never repeated: what stands
    behind `!secret` may be the password itself, written there by mistake.
    """
    route: Route = error["loc"]
    kind = error["type"]
    parent = place_at(route[:-1]) if route else None
    if parent is not None and parent.is_secret:
        return route[:-1], f"“{parent.title}”的密钥名称不合规定", allowed_text(parent)
    place = place_at(route)
    if kind == "extra_forbidden":
        return _unknown_key(route, parent)
    if place is None:
        return route, "此处的值不合规定", "参照 docs/profile.md"
    if kind == "missing":
        name = str(route[-1])
        return route, f"缺少“{place.title}”", f"加一行“{name}: …”；{allowed_text(place)}"
    return _of_value(error, place, tree)


def _of_value(error: ErrorDetails, place: Place, tree: Tree) -> tuple[Route, str, str] | None:
    """The sentences for a key that is known and there."""
    route, kind = error["loc"], error["type"]
    value = _value(tree.data, route)
    if kind == "too_short" and isinstance(value, list):
        if len(value) >= place.bounds.get("min_length", 0):
            return None
    elif value is None:
        advice = "；不需要就删去这一行" if place.field and not place.field.is_required() else ""
        return route, f"“{place.title}”是空的", allowed_text(place) + advice
    say = _SENTENCES.get(kind, _other)
    given = _given(tree, route)
    wrong = say(place, given, error.get("ctx", {}))
    return route, wrong, allowed_text(place) + _slip(place, tree, route)


def _slip(place: Place, tree: Tree, route: Route) -> str:
    """The advice for the commonest slips: digits with quotes or without, no blank after `-`."""
    value = _value(tree.data, route)
    if place.kind is str and isinstance(value, int | float):
        return f'；加英文引号，写作 "{shown(tree.written.get(route, ""))}"'
    if place.kind in (int, float) and isinstance(value, str) and _is_number(value):
        leading_zero = len(value) > 1 and value[0] == "0" and value.isdecimal()
        return "；前面不写 0" if leading_zero else "；不要加引号"
    if place.is_list and isinstance(value, str) and value.startswith("-"):
        return "；“-”后面少了空格"
    return ""


def _is_number(text: str) -> bool:
    return text.strip().lstrip("+-").replace(".", "", 1).isdecimal()


def _unknown_key(route: Route, parent: Place | None) -> tuple[Route, str, str]:
    name = str(route[-1])
    known = _known_keys(parent)
    allowed = "此处可写的键：" + "、".join(known)
    guess = _guessed_key(name, known)
    if ":" in name:
        # In `{password:geheim}` the whole is one key: what follows the colon is not repeated.
        name = name.split(":", 1)[0]
        route = (*route[:-1], name)
        return route, f"“{shown(name)}:”后面少了空格", allowed
    question = f"，是不是“{guess}”？" if guess else ""
    return route, f"不认识的键“{shown(name)}”{question}", allowed


def _known_keys(place: Place | None) -> list[str]:
    return [key for key, _ in place.members()] if place is not None else []


def misspelt(errors: list[ErrorDetails]) -> set[Route]:
    """The routes of keys that are there under a misspelt name: nobody need miss them as well."""
    found: set[Route] = set()
    for error in errors:
        around = error["loc"][:-1]
        if error["type"] == "extra_forbidden":
            guess = _guessed_key(str(error["loc"][-1]), _known_keys(place_at(around)))
            found |= {(*around, guess)} if guess else set()
    return found


def _guessed_key(name: str, known: list[str]) -> str | None:
    """The known key that a misspelt one was probably meant to be."""
    if len(name) > _LONGEST_KEY_COMPARED:
        return None
    return next(iter(get_close_matches(name.split(":", 1)[0], known, n=1)), None)


def _value(data: object, route: Route) -> object:
    """The raw value at `route`; None also where there is none."""
    for part in route:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _given(tree: Tree, route: Route) -> str:
    value = _value(tree.data, route)
    if isinstance(value, dict):
        return "一组键"
    if isinstance(value, list):
        return "一个列表"
    if isinstance(value, str):
        return quoted(value)
    return shown(tree.written.get(route, str(value)))


def _wrong_kind(place: Place, given: str, _: Any) -> str:
    if place.section is not None or place.is_list:
        # A text where keys belong is often a whole line with its colon gone wrong: not repeated.
        return f"“{place.title}”应为{kind_name(place)}，现在不是"
    now = "文字" if given.startswith("“") else " "
    return f"“{place.title}”应为{kind_name(place)}，现在是{now}{given}"


def _out_of_bounds(place: Place, given: str, _: Any) -> str:
    return f"“{place.title}”超出范围：{given}"


def _wrong_form(place: Place, given: str, _: Any) -> str:
    return f"“{place.title}”的写法不对：{given}"


def _no_choice(place: Place, given: str, _: Any) -> str:
    return f"“{place.title}”没有这个选项：{given}"


def _text_length(place: Place, given: str, context: Any) -> str:
    if given == "“”":
        return f"“{place.title}”是空的"
    return f"“{place.title}”{'太长' if 'max_length' in context else '太短'}：{given}"


def _list_length(place: Place, _: str, context: Any) -> str:
    return f"“{place.title}”{'的项数太多' if 'max_length' in context else '的项数太少'}"


def _other(place: Place, given: str, _: Any) -> str:
    return f"“{place.title}”的值不合规定：{given}"


_SENTENCES: dict[str, Callable[[Place, str, Any], str]] = {
    **dict.fromkeys(("string_type", "int_type", "float_type", "bool_type"), _wrong_kind),
    **dict.fromkeys(("model_type", "tuple_type", "int_from_float", "int_parsing"), _wrong_kind),
    **dict.fromkeys(("greater_than", "greater_than_equal", "finite_number"), _out_of_bounds),
    **dict.fromkeys(("less_than", "less_than_equal", "int_parsing_size"), _out_of_bounds),
    **dict.fromkeys(("string_pattern_mismatch", "value_error", "path_type"), _wrong_form),
    **dict.fromkeys(("enum", "literal_error"), _no_choice),
    **dict.fromkeys(("string_too_short", "string_too_long"), _text_length),
    **dict.fromkeys(("too_short", "too_long"), _list_length),
}
"""Every error type the schema can yield; a test makes each one. Others fall back to `_other`."""
