"""A yardstick that is no GAN: flow matching on the same clips, for the same time."""
