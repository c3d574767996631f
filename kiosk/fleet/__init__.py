"""Signed configuration in the kiosk: what it must mean here, how its health is known, what is logged of it."""
