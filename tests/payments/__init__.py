"""Money, through the front door."""
