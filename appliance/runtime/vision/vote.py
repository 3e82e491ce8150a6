"""Many readings of one plate become one text: each character is voted for on its own.

A frame in which one character was misread still tells the others; dirt on one place does not
spoil the vote on the rest. The winner has to be numbered as a plate is, and its colour has to be
one that plates of its kind have (GA 36).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import colours_of, has_one_colour, is_plate
from appliance.runtime.vision.reading import PlateReading

FLOOR = 0.25
"""What a character counts that the reader is not sure of at all."""

AGREEMENT = 2 / 3
"""The share of its place's votes that a character needs."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the frames agree on.

    `support` is the number of readings behind the least supported character, `confidence` the
    weakest character's: its share of the votes times the mean confidence of those that read it.
    `agreed` tells whether every character has the share it needs, `sureness` is the characters'
    geometric mean, which one weak character does not decide alone. `sure` is False when most
    readings were not (待复核); `second` is then what the second reader mostly read instead. Of a
    plate that is sure, what it made of a few bad frames is nobody's business. `colour_known` is
    False when fewer than half of the readings know this colour and the number leaves it open.
    """

    text: str
    colour: PlateColour
    support: int
    confidence: float
    sureness: float
    agreed: bool
    sure: bool = True
    second: str | None = None
    colour_known: bool = True


@dataclass(slots=True)
class _Candidate:
    """What was said for one character at one place."""

    weight: float = 0.0
    confidence: float = 0.0
    count: int = 0

    def add(self, confidence: float) -> None:
        self.weight += FLOOR + confidence
        self.confidence += confidence
        self.count += 1


class PlateVote:
    """Gathers the readings of one plate."""

    def __init__(self) -> None:
        # Texts of seven and of eight characters cannot be compared place by place.
        self._places: dict[int, list[dict[str, _Candidate]]] = {}
        self._lengths: Counter[int] = Counter()
        self._weight_of_length: dict[int, float] = defaultdict(float)
        self._colours: dict[PlateColour, float] = defaultdict(float)
        self._sure = 0
        self._known: Counter[PlateColour] = Counter()
        self._seconds: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._lengths.total()

    def add(self, reading: PlateReading) -> None:
        """Count a reading."""
        length = len(reading.text)
        places = self._places.setdefault(length, [{} for _ in range(length)])
        pairs = zip(reading.text, reading.character_confidence, strict=True)
        for place, (character, confidence) in zip(places, pairs, strict=True):
            place.setdefault(character, _Candidate()).add(confidence)
        self._lengths[length] += 1
        self._weight_of_length[length] += FLOOR + reading.confidence
        self._colours[reading.colour] += FLOOR + reading.confidence
        self._sure += reading.sure
        self._known[reading.colour] += reading.colour_known
        if reading.second:
            self._seconds[reading.second] += 1

    def verdict(self) -> Verdict | None:
        """The likeliest plate, or None when nothing that was read is numbered as a plate."""
        for length in sorted(self._weight_of_length, key=self._weight_of_length.get, reverse=True):  # type: ignore[arg-type]
            text = _best_plate(self._places[length])
            if text:
                return self._judged(text)
        return None

    def _judged(self, text: str) -> Verdict:
        chosen = [
            place[character] for place, character in zip(self._places[len(text)], text, strict=True)
        ]
        all_lengths = sum(self._weight_of_length.values())
        length_share = self._weight_of_length[len(text)] / all_lengths
        shares = [
            one.weight / sum(other.weight for other in place.values()) * length_share
            for one, place in zip(chosen, self._places[len(text)], strict=True)
        ]
        confidences = [
            share * one.confidence / one.count for share, one in zip(shares, chosen, strict=True)
        ]
        sure = 2 * self._sure >= len(self)
        others = (other for other, _ in self._seconds.most_common() if other != text)
        colour = self._colour(text)
        return Verdict(
            text=text,
            colour=colour,
            support=min(one.count for one in chosen),
            confidence=min(confidences),
            sureness=sureness(confidences),
            agreed=min(shares) >= AGREEMENT,
            sure=sure,
            second=None if sure else next(others, None),
            colour_known=2 * self._known[colour] >= len(self) or has_one_colour(text),
        )

    def _colour(self, text: str) -> PlateColour:
        """The colour most readings tell, among those that plates of this kind have."""
        fitting = {colour for colour in self._colours if colour in colours_of(text)}
        return max(fitting or self._colours, key=lambda colour: self._colours[colour])


def sureness(confidences: Sequence[float]) -> float:
    """The geometric mean of characters' confidences (0 to 1).

    A chain of two networks gives at most half to a character that one of them does not know, such
    as a province: the weakest alone would make every plate of that province unsure.
    """
    return math.exp(fmean(math.log(max(confidence, 1e-3)) for confidence in confidences))


def difference(left: str, right: str) -> int:
    """Places in which two plates differ; another length counts as wholly different."""
    if len(left) != len(right):
        return max(len(left), len(right))
    return sum(a != b for a, b in zip(left, right, strict=True))


def _best_plate(places: list[dict[str, _Candidate]]) -> str:
    """The heaviest text that is a plate, of the two heaviest characters at each place."""
    ranked = [
        sorted(place.items(), key=lambda item: item[1].weight, reverse=True)[:2] for place in places
    ]
    first = "".join(characters[0][0] for characters in ranked)
    if is_plate(first):
        return first
    texts = (
        (sum(candidate.weight for _, candidate in choice), "".join(c for c, _ in choice))
        for choice in product(*ranked)
    )
    return max(((weight, text) for weight, text in texts if is_plate(text)), default=(0, ""))[1]
