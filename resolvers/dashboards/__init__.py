"""Root fields of dashboards."""
