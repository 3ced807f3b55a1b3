"""The catalogue through VTEX's Catalog REST API."""
