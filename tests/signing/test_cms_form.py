"""The one form of our CMS signatures."""

import subprocess
import sys

_AFTER_ANOTHER_READER = """
from asn1crypto import cms, x509
cms.CMSAttributeType("content_type")  # as whoever opens a card's SOD does

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from signing.certificates import DemoAuthority
from signing.cms_form import CmsForm

key = ec.generate_private_key(ec.SECP256R1()).public_key()
certificate = DemoAuthority.create().certify(key, "DEMO Oran").public_bytes(Encoding.DER)
attributes = CmsForm(x509.Certificate.load(certificate)).signed_attributes(bytes(32))
print(*(each["type"].dotted for each in cms.CMSAttributes.load(attributes)))
"""


def test_the_form_does_not_hang_on_who_looked_at_a_cms_first() -> None:
    """asn1crypto draws up its table of names at the first look and keeps it, so this wants a process of its own."""
    ran = subprocess.run([sys.executable, "-c", _AFTER_ANOTHER_READER], capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (
        ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47"],
        "",
    )
