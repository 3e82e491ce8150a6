"""Read plates with a package that gatehouse does not have, for comparison (benchmarks/readers.py).

Run by the Python of an environment of its own (benchmarks/packages.txt), which knows nothing of
gatehouse: python packages.py NAME. One photo's path a line comes in; one line goes out:
{"texts": [...], "ms": milliseconds without opening the file}.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2

Texts = Callable[[Any], list[str]]


def hyperlpr2() -> Texts:
    """HyperLPR2 whole."""
    from hyperlpr2 import HyperLPR_plate_recognition  # noqa: PLC0415 - one of two is run

    return lambda image: [found[0] for found in HyperLPR_plate_recognition(image)]


def agentclpr() -> Texts:
    """agentclpr whole: clp_det, then its own finding of text lines and reading."""
    from agentclpr import CLPSystem  # noqa: PLC0415

    system = CLPSystem()
    return lambda image: [found[1][0] for found in system(image)]


def main() -> None:
    """Answer every line of standard input."""
    answer, sys.stdout = sys.stdout, sys.stderr  # they print what they like
    cv2.setNumThreads(1)
    texts = {"hyperlpr2": hyperlpr2, "agentclpr": agentclpr}[sys.argv[1]]()
    for line in sys.stdin:
        image = cv2.imread(line.rstrip("\n"))
        began = time.perf_counter()
        try:
            found = texts(image)
        except Exception as trouble:  # noqa: BLE001 - what it cannot do is part of the figure
            print(f"{sys.argv[1]}: {line.strip()}: {trouble!r}")
            found = []
        spent = (time.perf_counter() - began) * 1000
        print(json.dumps({"texts": found, "ms": spent}), file=answer, flush=True)


if __name__ == "__main__":
    main()
