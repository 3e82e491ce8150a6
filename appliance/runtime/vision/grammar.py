"""How Chinese plates are numbered (GA 36), as patterns that a reading has to fit.

A pattern is a tuple of allowed characters by position. Knowing them turns a recogniser's near
misses right: a province cannot stand in the middle, a digit cannot stand second.
"""

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
LAST = "学警港澳挂领"
ALPHABET = PROVINCES + LETTERS + "O" + DIGITS + LAST + "使"

# New-energy plates carry one of these in the third place (small vehicles) or the last (large).
ENERGY = "ABCDEFGHJK"
OFFICE = LETTERS + "O"

Pattern = tuple[str, ...]

ORDINARY: Pattern = (PROVINCES, OFFICE, *(LETTERS + DIGITS,) * 4, LETTERS + DIGITS + LAST)
SMALL_ENERGY: Pattern = (PROVINCES, LETTERS, ENERGY, LETTERS + DIGITS, *(DIGITS,) * 4)
LARGE_ENERGY: Pattern = (PROVINCES, LETTERS, *(DIGITS,) * 5, ENERGY)
EMBASSY: Pattern = ("使", *(DIGITS,) * 6)
PATTERNS: tuple[Pattern, ...] = (ORDINARY, SMALL_ENERGY, LARGE_ENERGY, EMBASSY)


def is_plate(text: str) -> bool:
    """Whether a text is numbered as a plate is."""
    return any(
        len(text) == len(pattern)
        and all(character in allowed for character, allowed in zip(text, pattern, strict=True))
        for pattern in PATTERNS
    )


def next_characters(prefix: str) -> str:
    """Characters that may follow a prefix in some pattern; empty when nothing may."""
    return "".join(character for character in ALPHABET if _may_begin(prefix + character))


def _may_begin(prefix: str) -> bool:
    return any(
        len(prefix) <= len(pattern)
        and all(character in allowed for character, allowed in zip(prefix, pattern, strict=False))
        for pattern in PATTERNS
    )


def alike(plate: str) -> str:
    """The text as a plate tells it: after the second character O is 0 and I is 1."""
    return plate[:2] + plate[2:].replace("O", "0").replace("I", "1")
