"""The section cut into elements, and what is computed on a mesh once: shape functions, node patches, sizes."""
