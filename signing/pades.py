"""PAdES baseline B signatures (ETSI EN 319 142-1 §6), invisible, with the key in the token.

pyHanko puts field, signature dictionary and byte range into the PDF; the CMS has our one form
(`cms_form`), whose size follows from the chain; the signature value comes from the token.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from io import BytesIO

from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError as PyHankoSigningError
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from signing.certificates import Chain, der_signature
from signing.cms_form import CmsForm
from signing.errors import PageFailed
from signing.ports import DigestSigner

FIELD = "Signature1"
_CMS_WITHOUT_CHAIN = 1024
"""Room in the container for everything but the certificates, in bytes; a signature needs about 500."""


class PadesSigner:
    """Signs PDFs for one certificate. What depends on the certificate alone is prepared once."""

    def __init__(self, token: DigestSigner, chain: Chain) -> None:
        encoded = [each.public_bytes(Encoding.DER) for each in chain.certificates]
        signer, *others = (x509.Certificate.load(each) for each in encoded)
        self._token = token
        self._form = CmsForm(signer, [each for each in others if each.self_signed == "no"])
        self._container_bytes = sum(map(len, encoded)) + _CMS_WITHOUT_CHAIN

    def sign(self, pdf: bytes, at: dt.datetime) -> bytes:
        """The PDF with one signature over all of it; `at` (aware) goes into /M, as PAdES wants.

        Runs the token on the calling thread. Raises PageFailed when the PDF cannot be signed, and what
        the token raises.
        """
        try:
            writer = IncrementalPdfFileWriter(BytesIO(pdf))
            embedding = PdfCMSEmbedder(new_field_spec=SigFieldSpec(FIELD)).write_cms(FIELD, writer)
            next(embedding)
            placeholder = SignatureObject(
                timestamp=at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=2 * self._container_bytes
            )
            embedding.send(SigObjSetup(sig_placeholder=placeholder))
            prepared, output = embedding.send(SigIOSetup(md_algorithm="sha256"))
            embedding.send(self._cms(prepared.document_digest))
        except (PdfError, PyHankoSigningError) as error:
            raise PageFailed(f"the page cannot be signed ({type(error).__name__})") from None
        signed: bytes = output.getvalue()
        return signed

    def _cms(self, digest: bytes) -> bytes:
        attributes = self._form.signed_attributes(digest)
        signature = self._token.sign_digest(hashlib.sha256(attributes).digest())
        return self._form.content_info(digest, der_signature(signature))
