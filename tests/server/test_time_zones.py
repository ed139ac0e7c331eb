"""Time zones are the same on every machine."""

import zoneinfo


def test_zones_are_those_of_the_pinned_package() -> None:
    """There is nowhere else to look, and there they are."""
    assert zoneinfo.TZPATH == ()
    assert zoneinfo.ZoneInfo.no_cache("Europe/Berlin").key == "Europe/Berlin"
