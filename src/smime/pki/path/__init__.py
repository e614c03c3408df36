"""Certification paths (RFC 5280 section 6, RFC 4158): search, rules, the two engines, verdicts."""
