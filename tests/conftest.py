"""Hypothesis counts examples and no milliseconds: a busy machine changes no verdict."""

from hypothesis import HealthCheck, settings

settings.register_profile("gatehouse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gatehouse")
