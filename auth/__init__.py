"""Who asks, and what she may see."""
