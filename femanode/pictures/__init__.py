"""What a run looks like: sections, curves, panels, animations, ParaView."""

from femanode.numerics.caches import settle_matplotlib

# Before any module here loads matplotlib.
settle_matplotlib()
