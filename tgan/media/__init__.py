"""Videos and pictures as files that people look at."""
