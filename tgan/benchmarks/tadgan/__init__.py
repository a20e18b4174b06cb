"""TadGAN against baselines that share its preparation of series and its way from errors on."""
