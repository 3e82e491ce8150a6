"""Frames → plate readings → one sighting; stamped photos. Knows the journal and below."""
