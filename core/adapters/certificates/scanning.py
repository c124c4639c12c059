"""Finding the QR code in a picture: pixels in, its text out."""

from __future__ import annotations

import io


def texts_in(data: bytes) -> list[str]:
    """The texts of all QR codes in a picture of ours (JPEG or PNG that intake has made)."""
    import zxingcpp
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        grey = image.convert("L")
        found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return [code.text for code in found if code.valid]
