"""The guideline as data: dictionaries and field tables. Knows nobody."""
