"""firsthand keeps training data first-hand."""

__version__ = "0.1.0"
