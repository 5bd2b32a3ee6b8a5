"""Series of images written as GIF or MP4."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from femanode.errors import ConfigError

ANIMATIONS = (".gif", ".mp4")


def write_animation(path: Path, images: Iterator[NDArray[np.uint8]], count: int, colours: str) -> None:
    """Write images as they come, about six seconds in all, the last one held a little longer.

    Parameters
    ----------
    path : Path
        ``.gif`` or ``.mp4``.
    images : iterator of ndarray of uint8, shape (height, width, 3)
        Height and width even, as H.264 wants.
    count : int
        How many there are.
    colours : str
        The matplotlib colour map in them.

    Raises
    ------
    ConfigError
        When there is no ffmpeg for an ``.mp4``.
    """
    rate = min(max(count / 6, 2), 15)
    # So that the end is seen, but a short film is not mostly its end.
    hold = round(min(1.5 * rate, count / 5))
    if path.suffix.lower() == ".gif":
        opening, *rest = _with_palette(images, colours)
        durations = [round(1000 / rate)] * (count - 1) + [round(1000 * (1 + hold) / rate)]
        opening.save(path, save_all=True, append_images=rest, duration=durations, loop=0, optimize=False)
        return
    try:
        imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ConfigError("no ffmpeg for .mp4", where=str(path),
                          hint="pip install imageio-ffmpeg, or write a .gif") from error
    first = next(images)
    # A macro block of 2 keeps the size as it is; the default would stretch it to a multiple of 16.
    writer = imageio_ffmpeg.write_frames(str(path), first.shape[1::-1], fps=rate, codec="libx264", quality=8,
                                         macro_block_size=2, output_params=["-preset", "veryfast"])
    with contextlib.closing(writer):
        writer.send(None)
        for number, image in enumerate(itertools.chain([first], images), start=1):
            for _ in range(1 + hold if number == count else 1):
                writer.send(np.ascontiguousarray(image))


def _with_palette(images: Iterator[NDArray[np.uint8]], colours: str) -> Iterator[Image.Image]:
    """Images on one palette, the map and greys, so that a GIF's colours are exact and do not flicker."""
    greys = np.rint(np.linspace(0, 255, 64))[:, None].repeat(3, axis=1)
    palette = np.concatenate([colormaps[colours](np.linspace(0, 1, 192), bytes=True)[:, :3], greys])
    for image in images:
        found, index = np.unique(image.astype(np.int64) @ np.array([65536, 256, 1]), return_inverse=True)
        channels = np.column_stack([found >> 16, found >> 8 & 255, found & 255])
        # The nearest colour p of the palette to c has the least |p|^2 - 2 p.c; |c|^2 is the same for all p.
        nearest = np.argmin((palette**2).sum(axis=1) - 2 * channels @ palette.T, axis=1).astype(np.uint8)
        framed = Image.fromarray(nearest[index].reshape(image.shape[:2]))
        framed.putpalette(palette.astype(np.uint8).ravel().tolist())
        yield framed
