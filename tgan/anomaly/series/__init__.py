"""Anomalies in time series by TadGAN (Geiger et al. 2020); higher scores are more abnormal."""
