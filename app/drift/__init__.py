"""Drift: what the ERP last said, compared with what VTEX has."""
