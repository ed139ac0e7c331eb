"""What the server says of itself: RFC 8414 and OpenID discovery, and RFC 9728 for the API."""

from auth.oauth.clients import GrantType
from auth.oauth.configuration import Configuration
from auth.oauth.keys import ALGORITHM
from auth.oauth.server import Paths
from auth.scopes import Scope

SECRET_METHODS = ["client_secret_basic", "client_secret_post"]


def server_metadata(configuration: Configuration) -> dict[str, object]:
    """The same for OAuth and for OpenID Connect."""
    at, paths = configuration.issuer, Paths()
    return {
        "issuer": at,
        "authorization_endpoint": at + paths.authorize,
        "token_endpoint": at + paths.token,
        "revocation_endpoint": at + paths.revoke,
        "introspection_endpoint": at + paths.introspect,
        "userinfo_endpoint": at + paths.userinfo,
        "jwks_uri": at + paths.jwks,
        "scopes_supported": [scope.value for scope in Scope],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [kind.value for kind in GrantType],
        "token_endpoint_auth_methods_supported": [*SECRET_METHODS, "none"],
        "revocation_endpoint_auth_methods_supported": [*SECRET_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": SECRET_METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "name", "email", "email_verified", "roles",
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "protected_resources": [configuration.resource],
    }  # fmt: skip


def foreign_resource_metadata(issuer: str, audience: str) -> dict[str, object]:
    """Where to get tokens for the API, if not here."""
    return {
        "resource": audience,
        "resource_name": "Clinicgraph",
        "authorization_servers": [issuer],
        "scopes_supported": [scope.value for scope in Scope],
        "bearer_methods_supported": ["header"],
    }


def resource_metadata(configuration: Configuration) -> dict[str, object]:
    """Where to get tokens for the API."""
    return {
        "resource": configuration.resource,
        "resource_name": "Clinicgraph",
        "authorization_servers": [configuration.issuer],
        "jwks_uri": configuration.issuer + Paths().jwks,
        "scopes_supported": [scope.value for scope in Scope],
        "bearer_methods_supported": ["header"],
    }
