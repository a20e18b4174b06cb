"""Detectors that TadGAN is compared with."""
