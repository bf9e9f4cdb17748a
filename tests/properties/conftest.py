"""Property tests are deterministic; `HYPOTHESIS_PROFILE=search` looks further, at other examples each time."""

import os

from hypothesis import HealthCheck, settings

ANY_SPEED = list(HealthCheck)

settings.register_profile("steady", derandomize=True, max_examples=100, deadline=None, suppress_health_check=ANY_SPEED)
settings.register_profile("search", max_examples=1500, deadline=None, suppress_health_check=ANY_SPEED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
