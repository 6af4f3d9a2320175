// What a purchase sends: the bytes of a file, and whether they are a picture.

import { ClientError } from "./errors.js";

export async function bytesIn(source) {
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer ?? source, source.byteOffset ?? 0, source.byteLength);
  }
  throw new ClientError("input_unreadable", "Give an http or https URL, or the bytes of a file.");
}

export function isPicture(bytes) {
  const at = (start, end) => String.fromCharCode(...bytes.subarray(start, end));
  const head = at(0, 4);
  return (
    head.startsWith("\xff\xd8\xff") ||
    head === "\x89PNG" ||
    head.startsWith("BM") ||
    (head === "RIFF" && at(8, 12) === "WEBP") ||
    (at(4, 8) === "ftyp" && ["heic", "heix", "mif1", "avif", "heim", "heis"].includes(at(8, 12)))
  );
}
