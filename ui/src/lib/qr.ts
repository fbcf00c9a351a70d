import { encode } from "uqr";

/** A QR code as one path on a grid of `size` × `size` squares; the quiet border belongs to whoever draws it. */
export type QrCode = { size: number; path: string };

/** Good for a screen held up to a camera: up to 15 % of the squares may be misread. */
const CORRECTION = "M";

export function qrCode(text: string): QrCode {
  const { data, size } = encode(text, { ecc: CORRECTION, border: 0 });
  let path = "";
  data.forEach((row, y) => {
    for (let x = 0; x < size; x++) {
      if (!row[x]) continue;
      const from = x;
      while (x < size && row[x]) x++;
      path += `M${from} ${y}h${x - from}v1h${from - x}z`;
    }
  });
  return { size, path };
}
