"""The one error of the embedded PostgreSQL."""

import errno


class EmbeddedPostgresError(Exception):
    """PostgreSQL cannot be had; the message says why and what to do."""


def from_os_error(error: OSError) -> EmbeddedPostgresError:
    """The same refusal of the operating system, in words a person can act on."""
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            reason = f"no space left on the disk{where}: make room, or set CLINICGRAPH_DATA_DIR to another disk"
        case errno.EROFS:
            reason = f"the disk is read-only{where}: set CLINICGRAPH_DATA_DIR to a folder that can be written"
        case errno.EACCES | errno.EPERM:
            reason = f"permission denied{where}: run as the folder's owner, or set CLINICGRAPH_DATA_DIR"
        case _:
            reason = f"{error.strerror or error}{where}"
    return EmbeddedPostgresError(f"the embedded PostgreSQL could not be started: {reason}")
