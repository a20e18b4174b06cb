"""Part 3: narrow TGANs on video."""
