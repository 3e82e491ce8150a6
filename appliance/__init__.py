"""gatehouse: what is installed on the gate's industrial PC."""

__version__ = "0.1.0"
