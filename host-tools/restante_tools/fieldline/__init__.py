"""The serial line to a box in the field: terminal, scripts, configuration."""
