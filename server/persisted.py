"""Documents that a request names instead of sending them: trusted ones of a manifest, and automatically persisted ones.

Every name is the SHA-256 of a text, and is computed here before it is believed.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLError

from auth.viewer import Viewer
from server.graphql_request import GraphQLRequest
from server.settings_error import SettingsError
from server.wire import EVERYBODY

KEPT_CHARACTERS = 2_000_000
ALGORITHMS = {32: "MD5", 40: "SHA-1"}


class PersistedDocuments:
    """The texts of documents by their hashes. `only` are the clients that may send nothing but trusted documents."""

    def __init__(self, trusted: Mapping[str, str] | None = None, only: frozenset[str] = frozenset()) -> None:
        self._trusted = trusted or {}
        self._only = only
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def text_of(self, request: GraphQLRequest, viewer: Viewer) -> str:
        """The document that a request sends or names. Raises GraphQLError, with a code that clients know."""
        if self._only and (EVERYBODY in self._only or viewer.client_id in self._only):
            return self._trusted_text(request)
        name = request.document_hash
        if name is None:
            return request.query
        if request.query:
            if sha256(request.query) != name:
                raise _refused("the document is not the one that its hash names", "BAD_USER_INPUT")
            return request.query
        text = self._trusted.get(name)
        if text is None and request.is_automatic:
            text = self._kept.get(name)
        if text is None:
            raise _refused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        return text

    def keep(self, request: GraphQLRequest) -> None:
        """Remembers a valid document whose sender will name it from now on; those named longest ago go first."""
        name = request.document_hash
        if name is None or not request.is_automatic or name in self._trusted:
            return
        if name in self._kept:
            self._kept.move_to_end(name)
        elif request.query:
            self._kept[name] = request.query
            self._characters += len(request.query)
            while self._characters > KEPT_CHARACTERS:
                self._characters -= len(self._kept.popitem(last=False)[1])

    def _trusted_text(self, request: GraphQLRequest) -> str:
        text = self._trusted.get(sha256(request.query) if request.query else request.document_hash or "")
        if text is not None:
            return text
        if request.is_automatic:
            raise _refused("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
        if request.query:
            raise _refused("only trusted documents are answered, and this is none", "QUERY_NOT_IN_SAFELIST")
        raise _refused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refused(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def read_manifest(path: Path) -> dict[str, str]:
    """The texts of a manifest by their hashes.

    It is what relay-compiler or graphql-codegen's client preset writes (an object of hashes and texts), or Apollo's
    `apollo-persisted-query-manifest`. Raises SettingsError, also if a hash is not that of its text.
    """
    try:
        written = orjson.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"CLINICGRAPH_PERSISTED_DOCUMENTS: {path} cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"CLINICGRAPH_PERSISTED_DOCUMENTS: {path} is not JSON") from error
    return dict(_entry(path, name, text) for name, text in _entries(path, written))


def _entries(path: Path, written: Any) -> list[tuple[Any, Any]]:
    if isinstance(written, dict) and written.get("format") == "apollo-persisted-query-manifest":
        operations = written.get("operations")
        if written.get("version") != 1 or not isinstance(operations, list):
            raise SettingsError(f"CLINICGRAPH_PERSISTED_DOCUMENTS: {path} is no manifest of version 1")
        return [(each.get("id"), each.get("body")) for each in operations if isinstance(each, dict)]
    if not isinstance(written, dict):
        raise SettingsError(f"CLINICGRAPH_PERSISTED_DOCUMENTS: {path} must hold an object of hashes and documents")
    return list(written.items())


def _entry(path: Path, name: Any, text: Any) -> tuple[str, str]:
    if not isinstance(name, str) or not isinstance(text, str):
        raise SettingsError(f"CLINICGRAPH_PERSISTED_DOCUMENTS: {path} must hold texts under their hashes")
    computed = sha256(text)
    given = name.removeprefix("sha256:").lower()
    if given != computed:
        algorithm = ALGORITHMS.get(len(given))
        advice = f"it is named by {algorithm}: have it written with SHA-256" if algorithm else "the hash is another's"
        raise SettingsError(f"CLINICGRAPH_PERSISTED_DOCUMENTS: {path} has a document {name[:80]!r}, but {advice}")
    return computed, text
