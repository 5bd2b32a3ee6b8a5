"""Many runs: sweeps, maps of what they gave, fits of parameters to measurements, fronts without thickness."""
