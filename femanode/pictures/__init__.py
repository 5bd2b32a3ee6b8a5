"""What a run looks like: sections, curves, panels, animations, ParaView."""
