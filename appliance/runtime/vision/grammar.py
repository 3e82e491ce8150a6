"""How Chinese plates are numbered (GA 36 and the services' own rules), as patterns.

A pattern is a tuple of allowed characters by position. Knowing them turns a recogniser's near
misses right: a province cannot stand in the middle, a digit cannot stand second. Each kind also
says its colour, because what only a white plate may spell must not tempt a reader of a blue one.
"""

from dataclasses import dataclass
from functools import cache

from appliance.guideline.dictionaries import PlateColour

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
LAST = "学警港澳挂领"
ALPHABET = PROVINCES + LETTERS + "O" + DIGITS + LAST + "使应急民航"

# New-energy plates carry one of these in the third place (small vehicles) or the last (large).
ENERGY = "ABCDEFGHJK"
OFFICE = LETTERS + "O"
MIXED = LETTERS + DIGITS

Pattern = tuple[str, ...]

ORDINARY: Pattern = (PROVINCES, OFFICE, *(MIXED,) * 4, MIXED + LAST)
SMALL_ENERGY: Pattern = (PROVINCES, LETTERS, ENERGY, MIXED, *(DIGITS,) * 4)
LARGE_ENERGY: Pattern = (PROVINCES, LETTERS, *(DIGITS,) * 5, ENERGY)
EMBASSY: Pattern = ("使", *(DIGITS,) * 6)
PATTERNS: tuple[Pattern, ...] = (ORDINARY, SMALL_ENERGY, LARGE_ENERGY, EMBASSY)
"""What a reader that cannot tell colours may spell: civil plates."""

BLUE = PlateColour.BLUE
YELLOW = PlateColour.YELLOW
WHITE = PlateColour.WHITE
BLACK = PlateColour.BLACK


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of plate: its name in Chinese, its numbering and the colour it has by law."""

    name: str
    pattern: Pattern
    colour: PlateColour


KINDS = (
    Kind("小型汽车", (PROVINCES, OFFICE, *(MIXED,) * 5), BLUE),
    Kind("大型汽车", (PROVINCES, OFFICE, *(MIXED,) * 5), YELLOW),
    Kind("挂车、教练汽车", (PROVINCES, OFFICE, *(MIXED,) * 4, "挂学"), YELLOW),
    Kind("小型新能源汽车", SMALL_ENERGY, PlateColour.GREEN),
    Kind("大型新能源汽车", LARGE_ENERGY, PlateColour.YELLOW_GREEN),
    Kind("警用汽车", (PROVINCES, OFFICE, *(MIXED,) * 4, "警"), WHITE),
    Kind("军用汽车", (LETTERS, OFFICE, *(DIGITS,) * 5), WHITE),
    Kind("武警汽车", ("W", "J", PROVINCES, *(DIGITS,) * 4, MIXED), WHITE),
    Kind("应急救援汽车", (PROVINCES, "XS" + DIGITS, *(DIGITS,) * 4, "应", "急"), WHITE),
    Kind("外籍汽车", (PROVINCES, OFFICE, *(MIXED,) * 5), BLACK),
    Kind("港澳入出境汽车", ("粤", "Z", *(MIXED,) * 4, "港澳"), BLACK),
    Kind("领馆汽车", (PROVINCES, LETTERS, *(MIXED,) * 4, "领"), BLACK),
    Kind("使馆汽车", EMBASSY, BLACK),
    Kind("使馆汽车", (*(DIGITS,) * 6, "使"), BLACK),
    Kind("民航汽车", ("民", "航", LETTERS, *(DIGITS,) * 4), PlateColour.OTHER),
)


@cache
def patterns_of(colour: PlateColour) -> tuple[Pattern, ...]:
    """What a plate of a colour may spell."""
    return tuple(kind.pattern for kind in KINDS if kind.colour is colour)


EVERY_PATTERN = tuple(dict.fromkeys((*PATTERNS, *(kind.pattern for kind in KINDS))))


def is_plate(text: str, patterns: tuple[Pattern, ...] = EVERY_PATTERN) -> bool:
    """Whether a text is numbered as a plate is."""
    return any(
        len(text) == len(pattern)
        and all(character in allowed for character, allowed in zip(text, pattern, strict=True))
        for pattern in patterns
    )


def colours_of(text: str) -> set[PlateColour]:
    """The colours that a plate of this text may have; all of them where it is of no known kind."""
    fitting = {kind.colour for kind in KINDS if is_plate(text, (kind.pattern,))}
    return fitting or set(PlateColour)


def has_one_colour(text: str) -> bool:
    """Whether its number alone tells a plate's colour."""
    return len(colours_of(text)) == 1


def next_characters(prefix: str, patterns: tuple[Pattern, ...] = PATTERNS) -> str:
    """Characters that may follow a prefix, once for each pattern; empty when none may.

    Not remembered from plate to plate: there is no end of prefixes, and a lane reads for years.
    """
    place = len(prefix)
    return "".join(
        pattern[place]
        for pattern in patterns
        if place < len(pattern)
        and all(character in allowed for character, allowed in zip(prefix, pattern, strict=False))
    )


def alike(plate: str) -> str:
    """The text as a plate tells it: after the second character O is 0 and I is 1."""
    return plate[:2] + plate[2:].replace("O", "0").replace("I", "1")


def spelled(text: str) -> str | None:
    """A plate as the journal spells it, without the dot, spaces and small letters that cameras and
    people put in; None when it is numbered as no plate, such as a camera's word for "unread"."""
    plain = "".join(each for each in text.upper() if each not in " ·.・•-\t")
    return next((each for each in (plain, alike(plain)) if is_plate(each)), None)
