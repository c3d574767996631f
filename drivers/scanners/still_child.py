"""The child of `still`: one picture as JPEG on standard output, and the end. It gives up its rights first."""

from __future__ import annotations

import sys

from drivers.scanners.camera_child import give_up_rights

QUALITY = 92


def main(source: str) -> int:
    if not give_up_rights():
        return 1
    import cv2

    from drivers.scanners.errors import ScannerError
    from drivers.scanners.frames import open_frames

    try:
        frames = open_frames(source, colour=True)
        done, picture = cv2.imencode(".jpg", frames.next(), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    except (ScannerError, cv2.error):
        return 1
    if done:
        sys.stdout.buffer.write(picture.tobytes())
    return 0 if done else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
