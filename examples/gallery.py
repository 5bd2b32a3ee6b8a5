"""The pictures of docs/gallery.md, made by the commands that stand there.

    python examples/gallery.py [WORDS]

Runs are left in results/gallery. With WORDS only the sections whose commands hold one of them are made anew; a section
may need the runs of those before it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "gallery.md"
#: Largest picture, bytes.
LARGEST = 150_000


def sections() -> list[tuple[list[list[str]], str]]:
    """Of every section the words of its commands, and its picture's path below docs/."""
    found = []
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        (block,) = re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
        (picture,) = re.findall(r"\]\((gallery/.*?)\)", part)
        found.append(([shlex.split(line) for line in block.strip().splitlines()], picture))
    return found


def shrink(made: Path, kept: Path) -> int:
    """Copy a picture with as many colours as `LARGEST` allows; the number of bytes."""
    kept.parent.mkdir(exist_ok=True)
    for colours in (256, 128, 64, 32):
        image = Image.open(made)
        image.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(kept, optimize=True,
                                                                              dpi=image.info["dpi"])
        if kept.stat().st_size <= LARGEST:
            break
    return kept.stat().st_size


def main(words: list[str]) -> None:
    for commands, picture in sections():
        if words and not any(word in " ".join(sum(commands, [picture])) for word in words):
            continue
        for command in commands:
            subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        size = shrink(ROOT / "results" / picture, PAGE.parent / picture)
        print(f"{picture}  {size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
