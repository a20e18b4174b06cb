"""Clips that are made on the fly, without files."""
