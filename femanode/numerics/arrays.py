"""Names of the array types that pass between modules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Floating-point numbers of any shape; the docstrings give shapes and units.
Array = NDArray[np.float64]

#: Node, element and row numbers.
IntArray = NDArray[np.int64]

BoolArray = NDArray[np.bool_]

#: Images and packed text.
ByteArray = NDArray[np.uint8]

#: Index arrays of scipy's sparse matrices.
ShortArray = NDArray[np.int32]
