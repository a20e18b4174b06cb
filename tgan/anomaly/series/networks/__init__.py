"""TadGAN's networks (Geiger et al. 2020), and what they say of windows."""
