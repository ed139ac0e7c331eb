"""The edge: settings, HTTP, the command line."""

import zoneinfo

# The rules of time zones are those of the pinned package, whatever the machine has (docs/operations.md).
zoneinfo.reset_tzpath(to=())
