"""Laws of the material at a point, pure functions of arrays: they know no mesh and change no argument."""
