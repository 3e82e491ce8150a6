"""The status page: what regulators and gatekeepers see of a gate. It reads; it never sends."""

from appliance.runtime.web.app import create_app
from appliance.runtime.web.service import AddressUnavailable, serve

__all__ = ["AddressUnavailable", "create_app", "serve"]
