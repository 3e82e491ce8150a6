"""Where the bed keeps its things, and which addresses its two networks have."""

import os
from pathlib import Path

from appliance.caches import cache_folder

REPOSITORY = Path(__file__).parents[3]
CACHE = Path(os.environ.get("GATEHOUSE_SYSTEM_CACHE") or cache_folder("system"))
"""Roots by the digest of their recipe, Debian packages, and the folders of running beds."""
BEDS = CACHE / "beds"

# Every bed has the same addresses: its networks exist only inside its own namespaces.
PLATFORM_ADDRESS = "192.0.2.1"
BOX_ADDRESS = "192.0.2.2"
PREFIX = 24
CAMERA_LAN_ADDRESSES = tuple(f"10.41.8.{last}/24" for last in (1, 21, 22, 31, 32, 33, 34))
"""The neighbour on the device LAN stands for the relays (.21, .22) and cameras (.31 to .34)."""
PROXY_PORT = 3142
UPLINK = "uplink0"
LAN = "lan0"
