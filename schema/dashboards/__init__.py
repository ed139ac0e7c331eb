"""What dashboards show."""
