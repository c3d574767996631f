"""What `test_power_cut` watches from outside: `python written_through.py LEDGER`, a line after each entry."""

import os
import sys
from pathlib import Path

from keeper_of_tests import KEEPER

from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded

with Ledger.open(Path(sys.argv[1]), KEEPER) as ledger:
    for count in range(int(sys.argv[2])):
        ledger.append("paper:laser", Loaded(units=count))
        os.write(1, b"appended\n")
