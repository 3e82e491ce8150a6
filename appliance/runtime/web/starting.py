"""What the box's start left to be said, while the gate runs with the profile that it had.

The unit of an image (`appliance/firstboot`) writes it; a box that was provisioned has no such file.
"""

from collections.abc import Iterator
from pathlib import Path

from appliance.runtime.web.verdict import Finding, Level

LEFT = Path("/run/gatehouse-notice.txt")
LONGEST = 200


def findings_of_the_start(file: Path = LEFT) -> Iterator[Finding]:
    """What the verdict says of it, nothing where all went well."""
    try:
        said = file.read_text("utf-8", "replace")[:LONGEST].strip()
    except OSError:
        return
    if said:
        yield Finding(Level.ATTENTION, "start", said.replace("\n", " "))
