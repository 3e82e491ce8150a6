"""Why a platform must refuse a value: lengths, words, dictionaries, and what breaks a frame.

Whoever queues a message, composes one or reads a profile asks here, so all say the same (6.2.4,
6.2.5, 7.3). A sentence names the field, and shows nothing of what a secret one holds.
"""

import unicodedata

from appliance.guideline.messages import PHOTO_FIELD, FieldSpec, forbidden_word

_BREAKS_A_FRAME = (";", "=", "&&", "##")
# An RTSP address has parameters; only the first `=` of a pair counts, as it does for Base64.
_ADDRESS = "F_DZ"
_LITTLE_SHOWN = 20


def refusal(spec: FieldSpec, value: str | None) -> str | None:
    """A Chinese sentence on why a platform must refuse `value` for a field, or None.

    `value` is empty or None where it is not known. A dictionary value may be its code or its name.
    """
    if not value:
        return f"{_named(spec)}是必填项，不能为空" if spec.required else None
    if spec.name == PHOTO_FIELD:
        return None  # Base64 breaks no frame; its words are the photo's business
    if spec.max_length is not None and len(value) > spec.max_length:
        size = "" if spec.secret else f"有{len(value)}个字符，"
        return f"{_named(spec)}{size}超过上限{spec.max_length}个"
    return _unsafe(spec, value) or _unknown(spec, value)


def _unsafe(spec: FieldSpec, value: str) -> str | None:
    """What would break the frame, or is forbidden in any text."""
    mark = next((mark for mark in _BREAKS_A_FRAME if mark in value), None)
    if mark is not None and not (spec.name == _ADDRESS and mark == "="):
        return f"{_named(spec)}含有报文不允许的字符{_shown(spec, mark)}"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        return f"{_named(spec)}含有不可见的控制字符"
    word = forbidden_word(value)
    if word is not None:
        return f"{_named(spec)}含有平台拒收的词{_shown(spec, word)}（指南6.2.5）"
    return None


def _unknown(spec: FieldSpec, value: str) -> str | None:
    """What stands in no list or dictionary of the field."""
    if spec.words and value not in spec.words:
        return f"{_named(spec)}只能是：{'、'.join(spec.words)}"
    if spec.codes and spec.codes.code_of(value) is None:
        return f"{_named(spec)}{_shown(spec, value)}不在指南{spec.codes.clause}的字典中"
    return None


def _named(spec: FieldSpec) -> str:
    return f"{spec.title}（{spec.name}）"


def _shown(spec: FieldSpec, text: str) -> str:
    """`text` in quotes; nothing of a secret."""
    return "" if spec.secret else f"“{text[:_LITTLE_SHOWN]}”"
