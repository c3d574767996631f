"""Qt's application, of which a process has one: whoever asks first makes it, with all that later tests need of it."""

import os

from PySide6.QtWidgets import QApplication


def the_application() -> QApplication:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    running = QApplication.instance()
    return running if isinstance(running, QApplication) else QApplication(["test"])
