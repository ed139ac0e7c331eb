"""The edge: settings, HTTP, the command line."""
