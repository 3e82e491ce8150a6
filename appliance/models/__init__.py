"""The model store: weights by lock, verified before use, never downloaded by surprise."""

from appliance.models.lock import Model, locked_models
from appliance.models.store import Found, ModelMissing, ModelStore

__all__ = ["Found", "Model", "ModelMissing", "ModelStore", "locked_models"]
