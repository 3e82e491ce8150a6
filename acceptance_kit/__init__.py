"""Proof for the acceptance: checks, drills, forms, and the other side's peers."""
