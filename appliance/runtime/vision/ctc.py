"""Decoding a recogniser's output (CTC) under the plate grammar.

Input is a matrix of steps x (blank + ALPHABET) probabilities. A beam search keeps only prefixes
that some plate may begin with, so what comes out is always a plate.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.grammar import (
    ALPHABET,
    PATTERNS,
    Pattern,
    is_plate,
    next_characters,
)

Probabilities = NDArray[np.float32]
BLANK = 0
BEAM = 10
LEAST = 1e-4
"""Characters below this probability are not followed."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A plate text with the log probability of it and the peak probability of each character."""

    text: str
    score: float
    peaks: tuple[float, ...]


@dataclass(slots=True)
class _Beam:
    """The log probability of a prefix whose last step was blank, and whose last was a character."""

    blank: float = -math.inf
    character: float = -math.inf
    peaks: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        return _log_add(self.blank, self.character)

    def before(self, character: str, last: str) -> float:
        """Log probability of standing before a new `character`: a double one needs a blank."""
        return self.blank if character == last else self.total


def plates(
    probabilities: Probabilities, best: int = 3, patterns: tuple[Pattern, ...] = PATTERNS
) -> list[Hypothesis]:
    """The best plates that the output may spell, most likely first; empty when none fits."""
    beams = {"": _Beam(blank=0.0)}
    for step in probabilities:
        likely = {ALPHABET[i - 1]: float(step[i]) for i in np.flatnonzero(step > LEAST) if i}
        blank = math.log(max(float(step[BLANK]), 1e-9))
        if not likely:  # most steps lie between two characters
            for beam in beams.values():
                beam.blank, beam.character = beam.total + blank, -math.inf
            continue
        grown = {prefix: _stayed(prefix, beams, blank, likely) for prefix in beams}
        # A new prefix comes in one way only: one behind all BEAM that stay would not be kept.
        least = -math.inf if len(grown) < BEAM else min(beam.total for beam in grown.values())
        grown |= _new(beams, likely, patterns, least)
        kept = sorted(grown.items(), key=lambda item: item[1].total, reverse=True)[:BEAM]
        beams = dict(kept)
    found = [
        Hypothesis(text, beam.total, beam.peaks)
        for text, beam in beams.items()
        if is_plate(text, patterns)
    ]
    return sorted(found, key=lambda hypothesis: hypothesis.score, reverse=True)[:best]


def _stayed(prefix: str, beams: dict[str, _Beam], blank: float, likely: dict[str, float]) -> _Beam:
    """A known prefix one step on: by a blank, by its last character going on, or reached anew."""
    beam, last = beams[prefix], prefix[-1:]
    stayed = _Beam(beam.total + blank, -math.inf, beam.peaks)
    if last in likely:
        chance = likely[last]
        stayed.character = beam.character + math.log(chance)
        stayed.peaks = (*beam.peaks[:-1], max(beam.peaks[-1], chance))
        shorter = beams.get(prefix[:-1])
        if shorter is not None:
            start = shorter.before(last, prefix[-2:-1])
            stayed.character = _log_add(stayed.character, start + math.log(chance))
            stayed.peaks = _better(stayed.peaks, (*shorter.peaks, chance))
    return stayed


def _new(
    beams: dict[str, _Beam], likely: dict[str, float], patterns: tuple[Pattern, ...], least: float
) -> dict[str, _Beam]:
    """What the beams become by one more character, as far as it is not below `least`."""
    best_first = sorted(likely.items(), key=lambda item: item[1], reverse=True)
    steps = [(character, chance, math.log(chance)) for character, chance in best_first]
    found = {}
    for prefix, beam in beams.items():
        total, last = beam.total, prefix[-1:]
        if total + steps[0][2] < least:
            continue
        allowed = next_characters(prefix, patterns)
        for character, chance, log in steps:
            if total + log < least:
                break
            start = beam.before(character, last)
            if character in allowed and start > -math.inf and prefix + character not in beams:
                peaks = (*beam.peaks, chance)
                found[prefix + character] = _Beam(character=start + log, peaks=peaks)
    return found


def log_likelihood(probabilities: Probabilities, text: str) -> float:
    """The log probability that the output spells exactly `text` (CTC forward algorithm)."""
    labels = [BLANK]
    for character in text:
        labels += [ALPHABET.index(character) + 1, BLANK]
    indices = np.array(labels)
    skip = np.zeros(len(labels), dtype=bool)
    skip[2:] = (indices[2:] != BLANK) & (indices[2:] != indices[:-2])
    steps = np.maximum(probabilities[:, indices].astype(np.float64), 1e-9)
    alpha = np.zeros(len(labels))
    alpha[:2] = steps[0, :2]
    log_scale = 0.0
    for step in steps[1:]:
        moved = alpha.copy()
        moved[1:] += alpha[:-1]
        moved[2:] += np.where(skip[2:], alpha[:-2], 0.0)
        alpha = moved * step
        total = alpha.sum()
        log_scale += math.log(total)
        alpha /= total
    return log_scale + math.log(max(alpha[-1] + alpha[-2], 1e-300))


def _log_add(left: float, right: float) -> float:
    high, low = (left, right) if left > right else (right, left)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def _better(left: tuple[float, ...], right: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(map(max, left, right)) if left and right else left or right
