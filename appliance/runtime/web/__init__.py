"""The pages of a gate: the status page, which only reads, and the gatekeepers' entry page."""

from appliance.runtime.web.app import create_app
from appliance.runtime.web.service import AddressUnavailable, serve, serve_entry

__all__ = ["AddressUnavailable", "create_app", "serve", "serve_entry"]
