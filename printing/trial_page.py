"""The page a technician prints to see what a printer does to a page."""

from __future__ import annotations

import typst

_PAGE = """
#set document(title: "Shubbak: test page", date: none)
#set page(paper: "a4", margin: 0mm)
#set text(font: ("Amiri", "Libertinus Serif"), size: 14pt)
#let dot = 25.4mm / 203
// A frame 10 mm from every edge: a printer that scales, shifts or cuts shows it here.
#place(dx: 10mm, dy: 10mm, rect(width: 190mm, height: 277mm, stroke: dot))
#place(dx: 20mm, dy: 20mm, text(size: 22pt)[Shubbak · #text(lang: "ar", dir: rtl)[شُبّاك]])
#place(dx: 20mm, dy: 34mm)[Test page / Page d'essai / #text(lang: "ar", dir: rtl)[صفحة تجريبية]]
// A ruler of 100 mm.
#for i in range(11) { place(dx: 20mm + i * 10mm, dy: 60mm, rect(width: dot, height: 6mm, fill: black)) }
#place(dx: 20mm, dy: 66mm, rect(width: 100mm, height: dot, fill: black))
#place(dx: 20mm, dy: 68mm)[100 mm]
// Stripes of one to four dots, as wide as the modules of a seal can be.
#for n in range(1, 5) {
  place(dx: 20mm, dy: 74mm + n * 12mm)[#n]
  for i in range(20) {
    place(dx: 30mm + 2 * n * i * dot, dy: 74mm + n * 12mm, rect(width: n * dot, height: 8mm, fill: black))
  }
}
// A black field: thin toner shows in it.
#place(dx: 20mm, dy: 150mm, rect(width: 40mm, height: 20mm, fill: black))
"""


def trial_page() -> bytes:
    """One A4 page (PDF): a frame 10 mm from the edges, a ruler, stripes of 1 to 4 dots at 203 dpi, a black field."""
    document: bytes = typst.compile(_PAGE.encode())
    return document
