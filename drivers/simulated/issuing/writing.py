"""The files of one card, and those that its faults serve in their place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from drivers.simulated.card import Fault, FileId
from drivers.simulated.card.files import APPLICATION
from drivers.simulated.card.plan import ChipKey
from drivers.simulated.issuing import der, faces, lds, portrait, security_infos
from drivers.simulated.issuing.active_key import ActiveKey
from drivers.simulated.issuing.authority import Authority, Signer
from drivers.simulated.issuing.design import CardDesign

Files = dict[FileId, bytes]
_LARGEST_APDU = 0x7FFF
_AUTHORITIES = {"DZ": "DEMO APC d'Alger", "MA": "DEMO DGSN"}


class Bearer(Protocol):
    """What a holder's files say of them."""

    @property
    def document_number(self) -> str: ...
    @property
    def nin(self) -> str: ...
    @property
    def surname_latin(self) -> str: ...
    @property
    def given_latin(self) -> str: ...
    @property
    def surname_arabic(self) -> str: ...
    @property
    def given_arabic(self) -> str: ...
    @property
    def sex(self) -> str: ...
    @property
    def date_of_birth(self) -> dt.date: ...
    @property
    def date_of_expiry(self) -> dt.date: ...
    @property
    def birthplace(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Writer:
    holder: Bearer
    design: CardDesign
    zone: tuple[str, ...]
    chip_keys: tuple[ChipKey, ...]
    active: ActiveKey | None

    def files(self, home: Authority, abroad: Authority) -> tuple[Files, Mapping[str, Files]]:
        """The card's files signed by `home`, and by each fault's name those it serves instead."""
        at = dt.datetime.now(dt.UTC)
        pss = self.design.signature == "rsa-pss"
        groups = self._groups(at)
        good = home.by(self.design.signature)
        files = {
            **groups,
            FileId.COM: lds.com(groups),
            **self._master_file(),
            **self._signed(groups, good, at, pss=pss),
        }
        bad = {
            Fault.EXPIRED_DS: home.expired,
            Fault.REVOKED_DS: home.revoked,
            Fault.UNKNOWN_CSCA: home.stranger,
            Fault.FOREIGN_CSCA: abroad.signer,
        }
        faulty = {fault.value: self._signed(groups, signer, at) for fault, signer in bad.items()}
        for fault, hidden in ((Fault.HIDDEN_DG14, FileId.DG14), (Fault.HIDDEN_DG15, FileId.DG15)):
            if hidden in groups:
                faulty[fault.value] = {FileId.COM: lds.com(group for group in groups if group != hidden)}
        if len(self.design.access.paces) > 1:
            last = security_infos.pace(self.design.access.paces[-1])
            faulty[Fault.WEAKER_ACCESS.value] = {FileId.CARD_ACCESS: der.set_of([last])}
        return files, faulty

    def _groups(self, at: dt.datetime) -> Files:
        holder, design = self.holder, self.design
        issued = holder.date_of_expiry.replace(year=holder.date_of_expiry.year - 10, day=1)
        public, infos = b"" if self.active is None else self.active.public, self._infos()
        groups: dict[FileId, Callable[[], bytes]] = {
            FileId.DG1: lambda: lds.dg1(self.zone),
            FileId.DG2: self._dg2,
            FileId.DG7: lambda: lds.dg7(portrait.signature(holder.document_number)),
            FileId.DG11: self._dg11,
            FileId.DG12: lambda: lds.dg12(authority=_AUTHORITIES[design.country], issued=issued, personalised=at),
            FileId.DG13: lambda: lds.dg13(b"DEMO"),
            FileId.DG14: lambda: lds.dg14(der.set_of(infos)),
            FileId.DG15: lambda: lds.dg15(public),
            FileId.DG16: lambda: lds.dg16(person="BEN<ALI<<DEMO", telephone="0000000000", recorded=issued),
        }
        empty = {FileId.DG14: not infos, FileId.DG15: not public}
        return {group: groups[group]() for group in sorted(design.groups) if not empty.get(group)}

    def _dg2(self) -> bytes:
        holder, design = self.holder, self.design.face
        face = portrait.draw(
            holder.document_number, sex=holder.sex, coding=design.coding, scale=design.scale, quality=design.quality
        )
        width, height = portrait.WIDTH * design.scale, portrait.HEIGHT * design.scale
        return faces.dg2(face, design, width=width, height=height, sex=holder.sex)

    def _dg11(self) -> bytes:
        holder = self.holder
        if self.design.dg11 == "cnibe":
            return lds.dg11_cnibe(
                surname=(holder.surname_latin, holder.surname_arabic),
                given=(holder.given_latin, holder.given_arabic),
                personal_number=holder.nin,
                birthplace=holder.birthplace,
                sex=holder.sex,
            )
        return lds.dg11(
            latin=lds.name(holder.surname_latin, holder.given_latin),
            arabic=lds.name(holder.surname_arabic, holder.given_arabic),
            personal_number=holder.nin,
            date_of_birth=holder.date_of_birth,
            birthplace=holder.birthplace,
        )

    def _paces(self) -> list[bytes]:
        return [security_infos.pace(variant) for variant in self.design.access.paces]

    def _chip(self) -> list[bytes]:
        pairs = list(zip(self.chip_keys, self.design.chip_keys, strict=True))
        infos = [info for key, made in pairs if made.announced for info in security_infos.chip_authentication(key)]
        return infos + [security_infos.chip_public_key(key, made) for key, made in pairs]

    def _infos(self) -> list[bytes]:
        """The SecurityInfos of DG14: all that EF.CardAccess has, and what proves the chip (9303-11 §9.2.11)."""
        active = [self.active.info] if self.active is not None and self.active.info else []
        return self._paces() + self._chip() + active

    def _master_file(self) -> Files:
        design, files = self.design, {}
        if design.access.paces:
            files[FileId.CARD_ACCESS] = der.set_of(self._paces())
        if design.directory:
            files[FileId.DIR] = lds.directory(self._applications())
        if design.atr_info:
            files[FileId.ATR_INFO] = lds.atr_info(command=_LARGEST_APDU, response=_LARGEST_APDU)
        return files

    def _applications(self) -> list[bytes]:
        pin = self.design.pin
        return [APPLICATION, pin.application] if pin is not None and pin.application else [APPLICATION]

    def _signed(self, groups: Files, signer: Signer, at: dt.datetime, *, pss: bool = False) -> Files:
        numbered = {group & 0xFF: content for group, content in groups.items()}
        files = {FileId.SOD: signer.sod(numbered, at, pss=pss)}
        if self.design.card_security:
            infos = self._paces() + self._chip()
            files[FileId.CARD_SECURITY] = signer.card_security(der.set_of(infos), at, pss=pss)
        return files
