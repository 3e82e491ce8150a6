"""What a finding can be about, and what of a site that is."""

from enum import StrEnum

from appliance.profile.model import CameraRole, Profile


class About(StrEnum):
    """The kinds of subject; `SITE` has no subject of its own."""

    SITE = "site"
    MACHINE = "machine"
    ENTRANCE = "entrance"
    BARRIER = "barrier"
    CAMERA = "camera"


def subjects(
    profile: Profile, about: About, role: CameraRole | None = None
) -> tuple[str | None, ...]:
    """Names of what there is of a kind in a site, or in a machine's part of it, in file order.

    `role` narrows cameras. The site itself is `None`, once.
    """
    match about:
        case About.SITE:
            return (None,)
        case About.MACHINE:
            return tuple(machine.name for machine in profile.machines)
        case About.ENTRANCE:
            return tuple(entrance.id for entrance in profile.entrances)
        case About.BARRIER:
            return tuple(lane.barrier.id for lane in profile.lanes())
        case About.CAMERA:
            return tuple(c.id for c in profile.cameras if role is None or c.role is role)
