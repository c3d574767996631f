"""Scanners of machine readable zones: a keyboard wedge, a serial line, a camera.

`port` says what a scanner is, `keeper` holds those a kiosk has, and each driver is a file: `wedge` (evdev),
`serial_line`, `camera` with its child (`camera_child`, `frames`, `picture`, `grid`) and the readers of type behind
the port `Ocr` (`ocr`, `ocr_b`, `tesseract`). What text is a zone is decided by the function handed in: see `port.Find`.
"""
