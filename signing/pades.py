"""PAdES baseline B signatures (ETSI EN 319 142-1 §6), invisible, with the key in the token.

pyHanko builds the CMS; the signature value comes from the token. The container's size follows from the
chain: letting pyHanko estimate it would encode the whole CMS a second time, which is half of the work.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from io import BytesIO

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError as PyHankoSigningError
from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.certificates import Chain, der_signature
from signing.errors import PageFailed
from signing.ports import DigestSigner

FIELD = "Signature1"
_CMS_WITHOUT_CHAIN = 1024
"""Room in the container for everything but the certificates, in bytes; a signature needs about 500."""


class _TokenSigner(Signer):
    """pyHanko's signer whose signature value the token makes, on the calling thread and no other."""

    def __init__(self, token: DigestSigner, chain: Chain) -> None:
        encoded = [
            asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)) for certificate in chain.certificates
        ]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(encoded[1:])
        super().__init__(signing_cert=encoded[0], cert_registry=store, embed_roots=False)
        self._token = token

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return der_signature(self._token.sign_digest(hashlib.sha256(data).digest()))


class PadesSigner:
    """Signs PDFs for one certificate. What depends on the certificate alone is prepared once."""

    def __init__(self, token: DigestSigner, chain: Chain) -> None:
        self._signer = _TokenSigner(token, chain)
        certificates = sum(len(certificate.public_bytes(Encoding.DER)) for certificate in chain.certificates)
        self._container_bytes = certificates + _CMS_WITHOUT_CHAIN

    async def sign(self, pdf: bytes, at: dt.datetime) -> bytes:
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
            container = await self._signer.async_sign(prepared.document_digest, "sha256", use_pades=True)
            embedding.send(container)
        except (PdfError, PyHankoSigningError) as error:
            raise PageFailed(f"the page cannot be signed ({type(error).__name__})") from None
        signed: bytes = output.getvalue()
        return signed
