"""The status page: what regulators and gatekeepers see of a gate. It reads; it never sends."""

from appliance.runtime.web.app import create_app
from appliance.runtime.web.service import serve

__all__ = ["create_app", "serve"]
