"""The kiosk's printers, as its settings describe them. None is spoken to before it is asked something."""

from __future__ import annotations

from config.schema import Laser, Thermal
from drivers.printers.escpos.models import load_model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.laser import LaserPrinter


def open_laser(laser: Laser) -> LaserPrinter:
    """Raises PrinterAddressInvalid, PrinterNotGenuine (its certificate cannot be read)."""
    return LaserPrinter(laser.uri, laser.request_deadline, laser.certificate, laser.tray)


def open_thermal(thermal: Thermal) -> ThermalPrinter:
    """Raises PrinterAddressInvalid, PrinterModelUnknown."""
    return ThermalPrinter(thermal.address, load_model(thermal.model), thermal.request_deadline)
