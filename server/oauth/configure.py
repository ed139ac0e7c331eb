"""From the settings to the authorization server's configuration."""

from pathlib import Path

from auth.oauth.configuration import Configuration, ConfigurationError
from auth.oauth.secret import Secret, secret_in


def configure(*, public_url: str, secret_key: str | None, data_dir: Path, production: bool) -> Configuration:
    """Raises ConfigurationError or SecretError for what a server must not run with.

    In development a secret is made and kept in the data directory; production has to bring one.
    """
    if secret_key is None and production:
        raise ConfigurationError("CLINICGRAPH_SECRET_KEY is not set")
    secret = secret_in(data_dir) if secret_key is None else Secret(secret_key)
    configuration = Configuration(public_url.rstrip("/"), secret)
    if production:
        configuration.check_production()
    return configuration
