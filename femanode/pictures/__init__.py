"""What a run looks like: sections, curves, panels, animations, ParaView."""

from femanode.places import settle_matplotlib

# Before any module here loads matplotlib.
settle_matplotlib()
