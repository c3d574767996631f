"""Settings: the schema, its loader and its reference page. Knows nothing of the other rooms."""

from config.errors import ConfigError, ConfigInvalid, ConfigMissing, DemoInProduction, Problem
from config.load import Loaded, load
from config.schema import Settings

__all__ = ["ConfigError", "ConfigInvalid", "ConfigMissing", "DemoInProduction", "Loaded", "Problem", "Settings", "load"]
