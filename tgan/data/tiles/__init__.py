"""Levels of games: planes of tiles, cut from text levels or drawn by a grammar."""
