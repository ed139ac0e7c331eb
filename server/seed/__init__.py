"""Demo data of any size: deterministic, plausible, and within every constraint."""

from server.seed.load import Report
from server.seed.run import seed
from server.seed.sizes import SeedError, Sizes

__all__ = ["Report", "SeedError", "Sizes", "seed"]
