"""Settings that cannot be."""


class SettingsError(Exception):
    """A setting that cannot be; the message names the variable and what it may be."""
