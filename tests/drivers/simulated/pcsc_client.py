"""A PC/SC client in a process of its own: the client library keeps the first pcscd it met, so no test shares one.

Reads JSON lines and answers each: {"do": "connect"}, {"do": "apdu", "hex": ...}, {"do": "readers"},
{"do": "await", "present": true}.
"""

from __future__ import annotations

import json
import sys

from smartcard import scard

context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)[1]
card, protocol = None, None

for line in sys.stdin:
    request = json.loads(line)
    reply: dict[str, object] = {}
    if request["do"] == "readers":
        reply = {"readers": scard.SCardListReaders(context, [])[1]}
    elif request["do"] == "await":
        name = scard.SCardListReaders(context, [])[1][0]
        wanted = scard.SCARD_STATE_PRESENT if request["present"] else scard.SCARD_STATE_EMPTY
        state, result = scard.SCARD_STATE_UNAWARE, 0
        while result == 0:
            result, changed = scard.SCardGetStatusChange(context, 20_000, [(name, state)])
            state = changed[0][1]
            if state & wanted:
                break
        reply = {"result": result & 0xFFFFFFFF, "atr": bytes(changed[0][2]).hex()}
    elif request["do"] == "connect":
        name = scard.SCardListReaders(context, [])[1][0]
        result, card, protocol = scard.SCardConnect(
            context, name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        reply = {"result": result & 0xFFFFFFFF}
    elif request["do"] == "apdu":
        result, answer = scard.SCardTransmit(card, protocol, list(bytes.fromhex(request["hex"])))
        reply = {"result": result & 0xFFFFFFFF, "hex": bytes(answer).hex()}
    print(json.dumps(reply), flush=True)  # noqa: T201
