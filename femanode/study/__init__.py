"""From one run to a study: sweeps of many cases, maps of what they gave, fits of parameters to measurements."""
