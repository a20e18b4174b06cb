"""TadGAN's networks (Geiger et al. 2020) and their inference."""
