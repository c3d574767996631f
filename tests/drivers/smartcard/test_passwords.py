"""What is typed or scanned to open a chip."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import Can, Mrz, PasswordFormat
from drivers.smartcard.emrtd import mrz
from drivers.smartcard.emrtd.passwords import Pin

TODAY = dt.date(2026, 6, 15)


# -- passwords


@pytest.mark.parametrize("digits", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\n"])
def test_a_can_is_six_ascii_digits(digits: str) -> None:
    with pytest.raises(PasswordFormat):
        Can(digits)


def td1(number: str = "AB1234567", birth: str = "860314", expiry: str = "320501", names: str = "BENALI<<AMINA") -> str:
    first = "IDDZA" + number + mrz.check_digit(number) + "<" * 15
    second = birth + mrz.check_digit(birth) + "F" + expiry + mrz.check_digit(expiry) + "DZA" + "<" * 11
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    return first + second + mrz.check_digit(composite) + names.ljust(30, "<")


def test_an_mrz_is_three_lines_or_three_fields() -> None:
    expected = Mrz("AB1234567", dt.date(1986, 3, 14), dt.date(2032, 5, 1))
    zone = td1()
    assert Mrz.parse(zone, today=TODAY) == expected
    assert Mrz.parse("\n".join((zone[:30], zone[30:60], zone[60:])), today=TODAY) == expected
    assert Mrz.parse("ab1234567|860314|320501", today=TODAY) == expected


@pytest.mark.parametrize(
    "typed",
    ["", "||", "AB|860314", "AB1234567|861314|320501", "AB1234567|860314|320501|1", "A-B|860314|320501", "I" * 90],
)
def test_what_cannot_be_an_mrz_is_refused_before_the_card_hears_of_it(typed: str) -> None:
    with pytest.raises(PasswordFormat):
        Mrz.parse(typed, today=TODAY)


@given(st.integers(0, 59), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_slip_in_the_two_upper_lines_is_told_by_the_check_digits(at: int, typed: str) -> None:
    zone = td1()
    covered = (*range(5, 15), *range(30, 37), *range(38, 45), 59)
    slipped = zone[:at] + typed + zone[at + 1 :]
    value = {c: 0 if c == "<" else int(c, 36) % 10 for c in (zone[at], typed)}
    if at in covered and value[zone[at]] != value[typed]:
        with pytest.raises(PasswordFormat):
            Mrz.parse(slipped, today=TODAY)


@given(st.text(max_size=100))
def test_any_text_at_all_is_an_mrz_or_our_own_error(typed: str) -> None:
    with contextlib.suppress(PasswordFormat):
        Mrz.parse(typed, today=TODAY)


def test_a_long_document_number_runs_on_into_the_optional_data() -> None:
    number = "D23145890734"
    first = "I<UTO" + number[:9] + "<" + number[9:] + mrz.check_digit(number) + "<" * 11
    second = td1()[30:59]
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    zone = first + second + mrz.check_digit(composite) + "ERIKSSON<<ANNA".ljust(30, "<")
    assert Mrz.parse(zone, today=TODAY).document_number == number
    assert Mrz.parse(zone, today=TODAY).information.startswith(number.encode() + mrz.check_digit(number).encode())


def test_each_password_has_its_number_in_pace() -> None:
    """TR-03110-3 B.14: 1 the zone, 2 the CAN, 3 the PIN."""
    assert (Mrz.reference, Can.reference, Pin.reference) == (1, 2, 3)


def test_passwords_are_not_shown() -> None:
    shown = repr(Can("123456")) + repr(Mrz("AB1234567", dt.date(1986, 3, 14), dt.date(2032, 5, 1)))
    assert "123456" not in shown and "1986" not in shown


@pytest.mark.parametrize("digits", ["", "123", "1" * 17, "12a4", "١٢٣٤"])
def test_a_pin_of_the_chip_is_four_to_sixteen_ascii_digits(digits: str) -> None:
    with pytest.raises(PasswordFormat):
        Pin(digits)
    assert Pin("1234").secret == b"1234" and "1234" not in repr(Pin("1234"))
