"""The payloads of August 2022, which Apollo's clients ask for by `deferSpec=20220824`: each says its path itself."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from server.incremental.payloads import Body

Path: TypeAlias = tuple[str | int, ...]


class Older:
    """Writes the bodies of one answer, in their order, as they were in 2022."""

    def __init__(self) -> None:
        self._pending: dict[str, Any] = {}
        self._next: dict[str, int] = {}

    def write(self, body: Body) -> Body:
        announced = body.get("pending", ())
        self._pending.update((each["id"], each) for each in announced)
        if "data" in body:
            self._count(announced, {(): [body["data"]]})
            return {key: value for key, value in body.items() if key != "pending"}
        found: dict[Path, list[Any]] = {}
        written = [self._later(each, found) for each in body.get("incremental", ())]
        self._count(announced, found)
        told = {(tuple(each["path"]), each.get("label")) for each in written}
        for each in body.get("completed", ()):
            ended = self._ended(each)
            if ended is not None and ("errors" in ended or (tuple(ended["path"]), ended.get("label")) not in told):
                written.append(ended)
        return {**({"incremental": written} if written else {}), "hasNext": body["hasNext"]}

    def _later(self, each: Body, found: dict[Path, list[Any]]) -> Body:
        of = self._pending[each["id"]]
        path = [*of["path"], *each.get("subPath", ())]
        if "items" in each:
            start = self._next[each["id"]]
            found.update(((*path, start + index), [item]) for index, item in enumerate(each["items"]))
            self._next[each["id"]] = start + len(each["items"])
            path.append(start)
        else:
            found.setdefault(tuple(path), []).append(each["data"])
        more = {key: value for key, value in each.items() if key not in ("id", "subPath")}
        return {**more, "path": path, **_label(of)}

    def _ended(self, each: Body) -> Body | None:
        """What failed, and fragments whose fields all came with others; nothing of a stream that just ends."""
        of, start = self._pending[each["id"]], self._next.get(each["id"])
        errors = {"errors": each["errors"]} if "errors" in each else {}
        if start is None:
            return {"data": None if errors else {}, "path": of["path"], **_label(of), **errors}
        return {"items": None, "path": [*of["path"], start], **_label(of), **errors} if errors else None

    def _count(self, announced: Sequence[Body], found: Mapping[Path, list[Any]]) -> None:
        """Remembers of lists how much of them is there; their beginnings are in what was just `found`."""
        for each in announced:
            path = tuple(each["path"])
            for length in range(len(path) + 1):
                for data in found.get(path[:length], ()):
                    if isinstance(there := _at(data, path[length:]), list):
                        self._next[each["id"]] = len(there)


def _at(data: Any, path: Path) -> Any:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def _label(of: Mapping[str, Any]) -> Body:
    return {"label": of["label"]} if "label" in of else {}
