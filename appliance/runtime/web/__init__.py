"""The pages of a gate: the status page, which only reads, and the gatekeepers' entry page."""

from appliance.runtime.web.app import create_app
from appliance.runtime.web.service import serve, serve_entry
from appliance.runtime.web.serving import AddressUnavailable

__all__ = ["AddressUnavailable", "create_app", "serve", "serve_entry"]
