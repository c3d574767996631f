"""What can go wrong while a page is set. Messages are for the technician and never carry register data."""

from __future__ import annotations

from typing import ClassVar


class PageError(Exception):
    """Base of this room's page errors."""

    code: ClassVar[str] = "E-PAGE"


class CatalogueFaulty(PageError):
    """The folder of templates is missing, or a description in it is not as it must be."""

    code = "E-PAGE-CATALOGUE"


class UnknownDocument(PageError):
    """No such document type in the catalogue, or not in this language."""

    code = "E-PAGE-TYPE"


class RequestUnfit(PageError):
    """The request contradicts itself or exceeds a bound (an original without a seal, say)."""

    code = "E-PAGE-REQUEST"


class SealUnfit(PageError):
    """The picture handed in as a seal is not a plain QR code drawn at one unit a module."""

    code = "E-PAGE-SEAL"


class WordingError(PageError):
    """A number or a date lies outside what the tables of words cover."""

    code = "E-PAGE-WORDING"


class FontMissing(PageError):
    """A font the templates name is not installed."""

    code = "E-PAGE-FONT"


class GlyphMissing(PageError):
    """The act holds a letter none of the page's fonts can draw."""

    code = "E-PAGE-GLYPH"


class TemplateFaulty(PageError):
    """The template does not compile, or reaches for something outside its folder."""

    code = "E-PAGE-TEMPLATE"


class DeadlinePassed(PageError):
    """The page was not ready in time; the child was killed and a fresh one started."""

    code = "E-PAGE-DEADLINE"


class RenderChildLost(PageError):
    """The child ended by itself (out of memory, crash) or answered what makes no sense."""

    code = "E-PAGE-CHILD"
