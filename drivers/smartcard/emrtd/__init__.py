"""The eMRTD protocols of ICAO Doc 9303 parts 10 and 11, without I/O.

A protocol is a generator (`apdu.Exchange`): it yields command APDUs, is sent response APDUs, and returns
what it came for. Who carries them to the card, and whether secure messaging wraps them on the way, is
not its business; `drivers.smartcard.card.IdCard` is that carrier.
"""
