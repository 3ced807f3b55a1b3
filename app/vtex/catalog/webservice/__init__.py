"""The catalogue through VTEX's SOAP webservice."""
