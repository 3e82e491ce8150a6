"""The plate readers of a box: a detector, and the networks that read what it finds."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.models.readers import (
    CORNER_NETWORK,
    FINDER_NETWORK,
    OWN_NETWORK,
    has_whole_hyperlpr3,
)
from appliance.profile.model import Reader
from appliance.runtime.vision.checked import CheckedReader, Opinion, SecondReader, Sureness
from appliance.runtime.vision.colour import colourless, plate_colour
from appliance.runtime.vision.corners import CornerFinder, CornerNetwork
from appliance.runtime.vision.ctc import Hypothesis, Probabilities, log_likelihood, plates
from appliance.runtime.vision.detect import ClpDetector, HyperLprDetector
from appliance.runtime.vision.finder import Finder
from appliance.runtime.vision.grammar import has_one_colour
from appliance.runtime.vision.hyperlpr3_whole import HyperLprColours, HyperLprNetwork
from appliance.runtime.vision.own import OwnNetwork, OwnReader
from appliance.runtime.vision.reading import Image, PlateDetector, PlateReader, PlateReading
from appliance.runtime.vision.recognise import PlateNetwork, clp_network, general_network
from appliance.runtime.vision.rectify import straighten

SURENESS = Sureness(alone=0.9999, province=0.99)
"""From when the own reader is believed alone, and of the province (benchmarks/calibration.py)."""

OFFERED_FROM = 0.2
"""Score from which a box of clp_det is looked at by the own corner network: nearly every plate is
among them, and the network tells which are."""

CLOSER_SIDE = 960
"""Pixels of the picture in which a detector looks again for small and double-row plates; clp_det
does so with light and shade evened out."""

NEARER_SIDE = 192
"""Pixels of the picture in which the own finder looks for a plate that fills half of it or more."""

CLOSER_A_SECOND = 4
"""So often a lane looks again: its next picture comes in a moment, but a plate that is seen less
often than once a second is lost (tracks.py)."""

MOST_DIFFERENCES = 3
"""Two readings that differ in more places than this are not mixed."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The text that several networks find likeliest together ('' when none fits), each character's
    mean peak, and what one of them spells instead; `lost` is None where each spells the same."""

    text: str
    confidence: tuple[float, ...]
    lost: str | None


class ChainReader:
    """Detector, straightening, text networks.

    The text that all find likeliest together wins, and is sure when there are several and each
    spells it by itself (4.5.1-1). Its colour is known unless the picture has none, or somebody who
    `confirms` it speaks against it.
    """

    def __init__(
        self,
        detector: PlateDetector,
        networks: tuple[PlateNetwork, ...],
        confirms: Callable[[Image, PlateColour], bool] = lambda _plate, _colour: True,
    ) -> None:
        self._detector = detector
        self._networks = networks
        self._confirms = confirms

    def read(self, image: Image) -> list[PlateReading]:
        """Every plate in the image, best first; a box that spells no plate is left out."""
        readings = []
        grey = colourless(image)
        for box in self._detector.detect(image):
            plate = straighten(image, box)
            read = agree([n.probabilities(plate, box.rows) for n in self._networks])
            if read.text:
                colour = plate_colour(plate, read.text)
                seen = not grey and self._confirms(plate, colour)
                reading = PlateReading(
                    read.text,
                    colour,
                    read.confidence,
                    box.corners,
                    box.rows,
                    second=read.text if read.lost is None else read.lost,
                    sure=read.lost is None and len(self._networks) > 1,
                    colour_known=seen or has_one_colour(read.text),
                )
                readings.append(reading)
        return sorted(readings, key=lambda reading: reading.confidence, reverse=True)


def agree(outputs: list[Probabilities]) -> Agreement:
    """One text from several outputs.

    Candidates are the best texts of each output and their mixtures; each is scored by the sum of
    its log likelihoods, so a sure network outvotes an unsure one.
    """
    lists = [plates(output) for output in outputs]
    tops = [found[0] for found in lists if found]
    if not tops:
        return Agreement("", (), None)
    if len(tops) == len(outputs) and len({top.text for top in tops}) == 1:
        return Agreement(tops[0].text, _mean_peaks(tops), None)
    candidates = {hypothesis.text for found in lists for hypothesis in found}
    candidates |= _mixtures([top.text for top in tops])
    text = max(candidates, key=lambda text: sum(log_likelihood(o, text) for o in outputs))
    # A character that a network did not see in its own best text counts as not confirmed by it.
    seen = [
        tuple(
            peak if character == own else 0.0
            for character, own, peak in zip(text, top.text, top.peaks, strict=False)
        )
        for top in tops
        if len(top.text) == len(text)
    ]
    confidence = tuple(sum(peaks) / len(outputs) for peaks in zip(*seen, strict=True))
    lost = next((top.text for top in tops if top.text != text), "")
    return Agreement(text, confidence or (0.0,) * len(text), lost)


def build_reader(
    kind: Reader, store: ModelStore, *, frames_per_second: float | None = None
) -> PlateReader:
    """The chain that a profile names, for pictures that have nothing to do with each other, or for
    a lane's that follow one another. Raises ModelMissing when a weight is not here."""
    live = frames_per_second is not None
    every = closer_every(frames_per_second)
    match kind:
        case Reader.OCR:
            networks = (clp_network(store), general_network(store))
            return ChainReader(clp_detector(store, closer_every=every), networks)
        case Reader.HYPERLPR3 if has_whole_hyperlpr3(store):
            whole = (HyperLprNetwork(store), general_network(store))
            return ChainReader(HyperLprDetector(store), whole, HyperLprColours(store).confirms)
        case Reader.HYPERLPR3:
            networks = (clp_network(store), general_network(store))
            return ChainReader(HyperLprDetector(store), networks)
        case Reader.OWN:
            network = OwnNetwork(store.locate(OWN_NETWORK))
            own = OwnReader(own_detector(store, closer_every=every), network)
            return CheckedReader(own, second_reader(store, network), SURENESS, live=live)


def closer_every(frames_per_second: float | None) -> int:
    """Which of a lane's pictures without a sure plate is looked at again; single photos all are."""
    return max(int((frames_per_second or 0) / CLOSER_A_SECOND), 1)


def second_reader(store: ModelStore, own: OwnNetwork) -> SecondReader:
    """General text recognition, which has learnt from no plates and knows every province."""
    general = general_network(store)

    def look(plate: Image, rows: int) -> Opinion:
        heard = general.probabilities(plate, rows)

        def together() -> tuple[str, tuple[float, ...]]:
            both = agree([own.probabilities(plate, rows)[0], heard])
            return both.text, both.confidence

        return Opinion(agree([heard]).text, together)

    return look


def own_detector(store: ModelStore, *, closer_every: int = 1) -> PlateDetector:
    """The own finder's boxes, judged and straightened by the own corner network."""
    finder = Finder(store.locate(FINDER_NETWORK))
    return _judged(finder, finder.at(NEARER_SIDE, CLOSER_SIDE), store, closer_every=closer_every)


def clp_detector(store: ModelStore, *, closer_every: int = 1) -> PlateDetector:
    """All that clp_det holds possible, judged and straightened by the own corner network."""
    offers = ClpDetector(store, least_score=OFFERED_FROM)
    return _judged(offers, offers.closer(CLOSER_SIDE), store, closer_every=closer_every)


def _judged(
    offers: PlateDetector, closer: PlateDetector, store: ModelStore, *, closer_every: int
) -> PlateDetector:
    network = CornerNetwork(store.locate(CORNER_NETWORK))
    return CornerFinder(offers, network, closer=closer, closer_every=closer_every)


def _mean_peaks(tops: list[Hypothesis]) -> tuple[float, ...]:
    return tuple(fmean(peaks) for peaks in zip(*(top.peaks for top in tops), strict=True))


def _mixtures(texts: list[str]) -> set[str]:
    """Every text that takes each place from one of two texts of equal length."""
    if len(texts) != 2 or len(texts[0]) != len(texts[1]):
        return set()
    pairs = [sorted({left, right}) for left, right in zip(*texts, strict=True)]
    if sum(len(pair) > 1 for pair in pairs) > MOST_DIFFERENCES:
        return set()
    return {"".join(characters) for characters in product(*pairs)}
