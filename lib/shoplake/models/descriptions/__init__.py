"""Product descriptions from attributes, short text and pictures, with evidence for claims."""
