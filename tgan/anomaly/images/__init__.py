"""Anomalies in pictures, by a GAN that was trained on normal ones; higher is more abnormal."""
