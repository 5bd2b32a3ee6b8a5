"""Point laws: pure functions of arrays that know no mesh (config -> mesh -> state -> *solver* -> output)."""
