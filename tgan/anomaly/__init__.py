"""How abnormal pictures are for a GAN that was trained on normal ones; higher is more abnormal."""
