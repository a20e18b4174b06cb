"""Pictures as clips of one frame."""
