"""From a configuration to a state that changes in time: mechanics, front, carriers, and the steps that couple them."""
