"""TadGAN's settings, its step, and the loop that trains it."""
