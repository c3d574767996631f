"""One package, so that no library that ships a folder of this name can stand before it."""
