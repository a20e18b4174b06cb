"""Media: videos and pictures for people to look at, in files and in notebooks."""
