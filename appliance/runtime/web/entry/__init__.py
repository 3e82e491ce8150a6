"""The entry page: gatekeepers enter what the camera could not read (人工补录, 4.5.1-1).

A program of its own: the status page, which strangers open, cannot write.
"""

from appliance.runtime.web.entry.app import LARGEST_FORM, create_entry_app
from appliance.runtime.web.entry.login import cookie_key

__all__ = ["LARGEST_FORM", "cookie_key", "create_entry_app"]
