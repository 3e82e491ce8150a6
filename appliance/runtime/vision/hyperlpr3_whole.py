"""HyperLPR3 whole: its recogniser and its classifier behind its detector (detect.py).

Whatever it says is one reader's word: its texts are decoded under the plate grammar and held
against a second network's. The colour is told by the plate's hue; the classifier may speak against
a blue one only, because of 13 yellow plates in real photos it called seven blue or green
(benchmarks/colours.py).
"""

import numpy as np

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.models.readers import HYPERLPR3_CLASSIFIER, HYPERLPR3_NETWORK
from appliance.runtime.vision.ctc import Probabilities
from appliance.runtime.vision.hyperlpr3_parts import characters, classifier, recogniser
from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.recognise import columns_of, folded

UPPER_SHARE = 0.4
"""Where the library parts a plate of two rows, each of which it reads by itself."""

COLOURS = (PlateColour.BLUE, PlateColour.GREEN, PlateColour.YELLOW)
"""The classifier's answers, in its order."""


class HyperLprNetwork:
    """The recogniser: a straightened plate in, probabilities out. Raises ModelMissing."""

    def __init__(self, store: ModelStore) -> None:
        self._steps = recogniser(store.locate(HYPERLPR3_NETWORK))
        self._columns = columns_of(characters())

    def probabilities(self, plate: Image, rows: int) -> Probabilities:
        """Steps x (blank + ALPHABET), the upper row's before the lower's; characters that the
        network does not know have probability 0."""
        cut = int(len(plate) * UPPER_SHARE) if rows == 2 else 0
        parts = [plate[:cut], plate[cut:]] if cut else [plate]
        rows_read = [self._steps(part) for part in parts]
        # Blank between the rows: the same character at the end of one and the start of the other
        # is two.
        gap = np.eye(1, rows_read[0].shape[1], dtype=np.float32)
        steps = np.vstack([part for read in rows_read for part in (read, gap)])
        return folded(steps, self._columns)


class HyperLprColours:
    """The classifier. Raises ModelMissing."""

    def __init__(self, store: ModelStore) -> None:
        self._likely = classifier(store.locate(HYPERLPR3_CLASSIFIER))

    def confirms(self, plate: Image, colour: PlateColour) -> bool:
        """Whether the classifier does not speak against the colour of a straightened plate."""
        return colour is not PlateColour.BLUE or self.of(plate) is colour

    def of(self, plate: Image) -> PlateColour:
        """Blue, green or yellow."""
        return COLOURS[int(self._likely(plate).argmax())]
