"""Admission rules, barrier drivers, and the lane process that joins vision and journal."""
