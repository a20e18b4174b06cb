"""Videos: found, decoded, and read by the frame."""
