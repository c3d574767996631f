"""Ticket printers that speak ESC/POS: what is sent, what is answered, over what, and the models' differences."""
