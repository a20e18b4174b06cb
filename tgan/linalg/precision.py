"""What the user lets PyTorch do to single precision."""

import torch


def rounds_factors(device: torch.device) -> bool:
    """Whether the user lets float32 products round their factors (TF32, bfloat16)."""
    backend = torch.backends.cuda if device.type == "cuda" else torch.backends.mkldnn
    return backend.matmul.fp32_precision not in ("none", "ieee")
