"""Types of the arrays that pass between the wings."""

import numpy as np
import numpy.typing as npt

# Distances between pictures, see `smartdownsample.sampling.distances`.
DistanceArray = npt.NDArray[np.uint16]
IntArray = npt.NDArray[np.int64]
# Numbers that may be of 32 bits, where there are as many of them as items.
NumberArray = npt.NDArray[np.int32 | np.int64]
ByteArray = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
# A structured array; NumPy's typing cannot name its fields.
RowArray = npt.NDArray[np.void]
FrameArray = npt.NDArray[np.int32]
