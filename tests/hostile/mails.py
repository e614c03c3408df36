"""Hostile mail."""
