"""Numbers that carry their own proof: the credit code's check character, the shape of a plate."""

import re

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_TAIL = "A-HJ-NP-Z0-9"
_PLATES = re.compile(
    "|".join(
        (
            # GA 36: ordinary plates; the last place may be a word for a use, or O in the second
            rf"[{_PROVINCES}][A-HJ-Z](?:[{_TAIL}]{{5}}|[{_TAIL}]{{4}}[学警挂港澳试超领])",
            # new energy: small ones have the letter in front, large ones behind
            rf"[{_PROVINCES}][A-HJ-Z](?:[A-HJK][{_TAIL}][0-9]{{4}}|[0-9]{{5}}[A-HJK])",
            rf"[{_PROVINCES}][A-HJ-Z][XS][0-9]{{4}}应急",
            r"使[0-9]{6}|[0-9]{6}使",
            rf"WJ[{_PROVINCES}]?[0-9]{{4}}[{_TAIL}]",
            r"[A-HJ-NP-Z]{2}[0-9]{5}",  # armed forces
            r"民航[A-HJ-NP-Z0-9]{5}",
        )
    )
)


def credit_check_character(first17: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015).

    Weights are 3**i mod 31; raises ValueError for a character outside the code's alphabet.
    """
    total = sum(
        _CREDIT_ALPHABET.index(character) * pow(3, place, 31)
        for place, character in enumerate(first17)
    )
    return _CREDIT_ALPHABET[-total % 31]


def plausible_plate(text: str) -> bool:
    """Whether `text` could be a mainland plate: province first, no blanks or dots, no I or O."""
    return _PLATES.fullmatch(text) is not None
