"""A run: built from a configuration, trained, loaded, exported."""
