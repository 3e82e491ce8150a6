"""The site profile: schema, loading with line numbers, cross-checks, secrets. Knows nobody."""

from appliance.profile.faults import Fault, ProfileFaults
from appliance.profile.loading import check_profile, load_profile
from appliance.profile.model import Lane, Profile
from appliance.profile.report import faults_as_json, format_faults
from appliance.profile.secrets import SecretMissing, SecretStore, SecretUnsafe
from appliance.profile.sections import Secret

__all__ = [
    "Fault",
    "Lane",
    "Profile",
    "ProfileFaults",
    "Secret",
    "SecretMissing",
    "SecretStore",
    "SecretUnsafe",
    "check_profile",
    "faults_as_json",
    "format_faults",
    "load_profile",
]
