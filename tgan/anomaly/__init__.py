"""Anomaly detection in pictures and in time series; higher scores are more abnormal."""
