"""What every writing operation shares: the entity to protect, the armor around CMS, one pass."""
