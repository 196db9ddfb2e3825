"""Silver to gold: labels, profiles, point-in-time features and training sets."""
