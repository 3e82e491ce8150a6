"""Which weights each reader of a profile is built from."""

from appliance.models.store import ModelStore
from appliance.profile.model import Reader

FINDER_NETWORK = "own_plate_finder.onnx"
CORNER_NETWORK = "own_plate_corners.onnx"
OWN_NETWORK = "own_plate_reader.onnx"

CLP_DETECTOR = "clp_det.onnx"
CLP_NETWORK = "clp_v2_c_rec.onnx"
GENERAL_NETWORK = "PP-OCRv6_rec_small.onnx"

HYPERLPR3_DETECTORS = {320: "y5fu_320x_sim.onnx", 640: "y5fu_640x_sim.onnx"}
"""By the side of the square that each looks at."""
HYPERLPR3_NETWORK = "rpv3_mdict_160_r3.onnx"
HYPERLPR3_CLASSIFIER = "litemodel_cls_96x_r1.onnx"
WHOLE_HYPERLPR3 = (HYPERLPR3_DETECTORS[640], HYPERLPR3_NETWORK, HYPERLPR3_CLASSIFIER)
"""What HyperLPR3 runs at its higher level of detection; the fourth file of its archive is the
smaller detector, which it does not open then."""

MODELS: dict[Reader, tuple[str, ...]] = {
    Reader.OCR: (CLP_DETECTOR, CORNER_NETWORK, CLP_NETWORK, GENERAL_NETWORK),
    Reader.HYPERLPR3: (HYPERLPR3_DETECTORS[640], CLP_NETWORK, GENERAL_NETWORK),
    Reader.OWN: (FINDER_NETWORK, CORNER_NETWORK, OWN_NETWORK, GENERAL_NETWORK),
}
"""The weights each reader needs, so that they can be fetched before a box goes to a site."""


def models_of(reader: Reader, store: ModelStore) -> tuple[str, ...]:
    """The weights that a reader is built from, as they are on this machine or can be fetched.
    Raises ModelMissing when a file is there but is not the locked one."""
    if reader is Reader.HYPERLPR3 and has_whole_hyperlpr3(store):
        return (*WHOLE_HYPERLPR3, GENERAL_NETWORK)
    return MODELS[reader]


def has_whole_hyperlpr3(store: ModelStore) -> bool:
    """Whether all that HyperLPR3 runs is on this machine. Raises ModelMissing when a file of it is
    damaged: which networks read must not change by itself."""
    found = [store.find(name) for name in WHOLE_HYPERLPR3]
    for each in found:
        if each.is_damaged:
            store.locate(each.model.name)
    return all(each.path for each in found)
