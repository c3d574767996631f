"""Point arithmetic on brainpoolP256r1 (RFC 5639 §3.4), for the chip's side of PACE.

Written for this simulator alone and not for speed or secrecy: it leaks its scalars through timing.
"""

from __future__ import annotations

from dataclasses import dataclass

P = 0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377
A = 0x7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9
B = 0x26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6
ORDER = 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7
SIZE = 32  # bytes of a coordinate and of a scalar

_Jacobian = tuple[int, int, int]  # x = X / Z^2, y = Y / Z^3; Z = 0 is the point at infinity
_INFINITY: _Jacobian = (1, 1, 0)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curve other than infinity, in affine coordinates."""

    x: int
    y: int

    def encode(self) -> bytes:
        """Uncompressed, 65 bytes (TR-03111 §3.2.1)."""
        return b"\x04" + self.x.to_bytes(SIZE, "big") + self.y.to_bytes(SIZE, "big")

    @classmethod
    def decode(cls, encoded: bytes) -> Point:
        """Raises ValueError for what is no uncompressed point of this curve; its cofactor is 1."""
        if len(encoded) != 1 + 2 * SIZE or encoded[0] != 4:
            raise ValueError("not an uncompressed point")
        x, y = int.from_bytes(encoded[1 : 1 + SIZE], "big"), int.from_bytes(encoded[1 + SIZE :], "big")
        if x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P:
            raise ValueError("the point is not on the curve")
        return cls(x, y)

    def times(self, scalar: int) -> Point:
        """Raises ValueError when the product is the point at infinity."""
        return _affine(_multiply((self.x, self.y, 1), scalar % ORDER))

    def plus(self, other: Point) -> Point:
        """Raises ValueError when the sum is the point at infinity."""
        return _affine(_add((self.x, self.y, 1), (other.x, other.y, 1)))


GENERATOR = Point(
    0x8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262,
    0x547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997,
)


def _affine(point: _Jacobian) -> Point:
    x, y, z = point
    if z == 0:
        raise ValueError("the point at infinity")
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return Point(x * square % P, y * square * inverse % P)


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if z == 0 or y == 0:
        return _INFINITY
    y2 = y * y % P
    s = 4 * x * y2 % P
    m = (3 * x * x + A * pow(z, 4, P)) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * y2 * y2) % P, 2 * y * z % P


def _add(left: _Jacobian, right: _Jacobian) -> _Jacobian:
    if left[2] == 0:
        return right
    if right[2] == 0:
        return left
    (x1, y1, z1), (x2, y2, z2) = left, right
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    if u1 == u2:
        return _double(left) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def _multiply(point: _Jacobian, scalar: int) -> _Jacobian:
    product = _INFINITY
    for bit in bin(scalar)[2:]:
        product = _double(product)
        if bit == "1":
            product = _add(product, point)
    return product
