"""Sources: where they come from, that they are the right ones, and their unpacked trees."""
