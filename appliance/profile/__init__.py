"""The site profile: schema, loading with line numbers, cross-checks, secrets. Knows nobody."""
