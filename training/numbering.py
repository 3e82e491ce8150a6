"""Plate texts by chance, for every kind that may stand at a freight gate (GA 36 and the services').

Which texts a kind may have is the appliance's grammar; here is how often each form is drawn.
"""

from numpy.random import Generator

from appliance.runtime.vision.grammar import DIGITS, ENERGY, LETTERS, PROVINCES

NEAR = "宁蒙陕甘"
"""Provinces around Ningxia are drawn twice as often as others."""


def pick(rng: Generator, characters: str) -> str:
    """One character of a string."""
    return characters[rng.integers(len(characters))]


def digits(rng: Generator, count: int) -> str:
    """A run of digits."""
    return "".join(pick(rng, DIGITS) for _ in range(count))


def serial(rng: Generator, count: int, letters: float) -> str:
    """Digits with some letters among them, each place a letter with the given probability."""
    return "".join(pick(rng, LETTERS if rng.random() < letters else DIGITS) for _ in range(count))


def region(rng: Generator, office: float = 0.02) -> str:
    """Province and letter; O (the provincial offices' letter) with probability `office`."""
    letter = "O" if rng.random() < office else pick(rng, LETTERS)
    return pick(rng, PROVINCES + NEAR) + letter


def blue(rng: Generator) -> str:
    """Small vehicles: 宁A58D21."""
    return region(rng, office=0.04) + serial(rng, 5, 0.25)


def yellow(rng: Generator) -> str:
    """Large vehicles: 宁A58521, seldom with a letter."""
    return region(rng) + serial(rng, 5, 0.15)


def trailer(rng: Generator) -> str:
    """宁A1234挂."""
    return region(rng, office=0) + serial(rng, 4, 0.1) + "挂"


def learner(rng: Generator) -> str:
    """宁A1234学."""
    return region(rng, office=0) + serial(rng, 4, 0.1) + "学"


def police(rng: Generator) -> str:
    """宁A1234警."""
    return region(rng, office=0.15) + serial(rng, 4, 0.12) + "警"


def border(rng: Generator) -> str:
    """粤Z1234港, 粤Z1234澳."""
    return "粤Z" + serial(rng, 4, 0.25) + pick(rng, "港澳")


def old_black(rng: Generator) -> str:
    """Foreign firms' plates of the 1992 series: black, numbered as blue ones."""
    return region(rng) + serial(rng, 5, 0.12)


def consulate(rng: Generator) -> str:
    """沪A0023领."""
    return region(rng, office=0) + serial(rng, 4, 0.05) + "领"


def embassy(rng: Generator) -> str:
    """使014578, since 2018 also 014578使."""
    number = digits(rng, 6)
    return "使" + number if rng.random() < 0.6 else number + "使"


def small_energy(rng: Generator) -> str:
    """宁AD12345: the third character tells the kind of drive, the fourth may be a letter."""
    kind = pick(rng, ENERGY if rng.random() < 0.5 else "DF")
    return region(rng, office=0) + kind + serial(rng, 1, 0.25) + digits(rng, 4)


def large_energy(rng: Generator) -> str:
    """宁A12345D."""
    return (
        region(rng, office=0) + digits(rng, 5) + pick(rng, ENERGY if rng.random() < 0.5 else "DF")
    )


def army(rng: Generator) -> str:
    """KA12345: two letters and five digits."""
    return pick(rng, LETTERS) + pick(rng, LETTERS) + digits(rng, 5)


def armed_police(rng: Generator) -> str:
    """WJ宁12345, WJ宁1234X."""
    last = pick(rng, LETTERS) if rng.random() < 0.4 else pick(rng, DIGITS)
    return "WJ" + pick(rng, PROVINCES) + digits(rng, 4) + last


def emergency(rng: Generator) -> str:
    """宁X1234应急 (fire brigade X, forest fire brigade S); the ministry's own have five digits."""
    service = pick(rng, "XS") if rng.random() < 0.9 else pick(rng, DIGITS)
    return pick(rng, PROVINCES) + service + digits(rng, 4) + "应急"


def aviation(rng: Generator) -> str:
    """民航A1234, inside airports."""
    return "民航" + pick(rng, LETTERS) + digits(rng, 4)
