"""An image onto a medium: a card in a reader, or a box that has nothing but U-Boot's prompt."""
