"""Reading of videos beside PyAV's own loop: preparing a folder, and training straight from it."""
