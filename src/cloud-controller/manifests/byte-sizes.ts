import { parseBytes } from "#kernel/size.ts";

export const sizeFault = "must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB";

const sizeForm = /^\d+(\.\d+)?([BKMGT]|[KMGT]B)$/i;
const mebibyte = 1024 * 1024;

/** Whole megabytes of a size like `512M` or `1G`; undefined where it is none. */
export function megabytes(value: unknown): number | undefined {
  if (typeof value !== "string" || !sizeForm.test(value.trim())) return undefined;
  const bytes = parseBytes(value);
  return bytes === undefined ? undefined : Math.floor(bytes / mebibyte);
}

/** A log rate: a size, or -1 (unlimited) and 0 without a unit. */
export function bytesPerSecond(value: unknown): number | undefined {
  if (value === -1 || value === "-1") return -1;
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string" || !sizeForm.test(value.trim())) return undefined;
  return parseBytes(value);
}

/** As manifests write a log rate: the largest unit that it is a whole number of. */
export function formatRate(bytes: number): string | number {
  if (bytes <= 0) return bytes;
  const units = ["B", "K", "M", "G", "T"];
  let value = bytes;
  let unit = 0;
  while (value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value}${units[unit] ?? "B"}`;
}
