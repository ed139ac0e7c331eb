"""A process that owns an embedded PostgreSQL: `python owner.py DATA_DIR [ELSEWHERE]`.

Prints a JSON line: {"dsn"} or {"error"}. Then it obeys one word on standard input: stop, exit, raise.
"""

import json
import sys
from pathlib import Path

from server.embedded import EmbeddedPostgres, EmbeddedPostgresError


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:]]
    postgres = EmbeddedPostgres(folders[0], elsewhere=folders[1]) if len(folders) > 1 else EmbeddedPostgres(folders[0])
    try:
        print(json.dumps({"dsn": postgres.start()}), flush=True)
    except EmbeddedPostgresError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(3)
    match sys.stdin.readline().strip():
        case "stop":
            postgres.stop()
        case "raise":
            raise RuntimeError("as asked")
        case _:
            sys.exit(0)


if __name__ == "__main__":
    main()
