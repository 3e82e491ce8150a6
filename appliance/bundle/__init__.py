"""The bundle: all that a box needs to become a release of gatehouse without any network.

One tar file, made where there is a network (`build`), opened on the box by the small tool
`gatehouse-release` (`release.py`, standard library only).
"""

from appliance.bundle.build import Bundle, build_bundle

__all__ = ["Bundle", "build_bundle"]
