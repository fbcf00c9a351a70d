import { encode } from "uqr";
import { expect, test } from "vitest";
import { qrCode } from "./qr";

const LINK = "tutti://join/1f6c0a8e52b94d07a3c5e1907b2d4f68?hub=ws%3A%2F%2F192.168.1.7%3A7450&host=Anna";

/** The squares that the path covers. */
function squares(path: string, size: number): boolean[][] {
  const grid = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  for (const [, x = "", y = "", width = ""] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let i = 0; i < Number(width); i++) (grid[Number(y)] ?? [])[Number(x) + i] = true;
  }
  return grid;
}

test("the path covers exactly the dark squares of the code", () => {
  const code = qrCode(LINK);
  expect(squares(code.path, code.size)).toEqual(encode(LINK, { ecc: "M", border: 0 }).data);
});

test("the corners carry the marks that a camera looks for", () => {
  const { size, path } = qrCode(LINK);
  const grid = squares(path, size);
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]] as const) {
    expect(grid[top]?.slice(left, left + 7)).toEqual(Array(7).fill(true));
    expect(grid[top + 3]?.slice(left, left + 7)).toEqual([true, false, true, true, true, false, true]);
  }
});

test("the longest invite still fits", () => {
  expect(qrCode(`tutti://join/${"a".repeat(1_900)}`).size).toBeLessThanOrEqual(177);
});
