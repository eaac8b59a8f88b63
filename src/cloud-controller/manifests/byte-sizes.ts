import { textOfValue, type YamlValue } from "./parse-manifest.ts";

/** What a manifest's text for a size amounts to, or what is wrong with it. */
export type Size =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly fault: string };

const form = /^(-?\d+(?:\.\d+)?)(?:([KMGT])i?B?|B)$/i;
const factors: Readonly<Record<string, number>> = {
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** `512M`, `1.5G`, `64KiB`, `100B`: all count by 1024. Undefined where there is none. */
export function parseSize(value: YamlValue | undefined): Size | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = textOfValue(value).trim();
  if (!/^-?\d/.test(text)) return { ok: false, fault: "is not a number" };
  const [matched, number, unit = ""] = form.exec(text) ?? [];
  if (matched === undefined) {
    return {
      ok: false,
      fault: "must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB",
    };
  }
  return { ok: true, bytes: Math.trunc(Number(number) * (factors[unit.toUpperCase()] ?? 1)) };
}

/** A log rate is a size, or -1 (unlimited) or 0 without a unit. */
export function parseRate(value: YamlValue | undefined): Size | undefined {
  const text = textOfValue(value);
  return text === "-1" || text === "0" ? { ok: true, bytes: Number(text) } : parseSize(value);
}

/** Whole megabytes, cut off; undefined where there is no size. */
export function megabytes(value: YamlValue | undefined): number | undefined {
  const size = parseSize(value);
  return size?.ok === true ? Math.trunc(size.bytes / 1024 ** 2) : undefined;
}

export function bytesPerSecond(value: YamlValue | undefined): number | undefined {
  const rate = parseRate(value);
  return rate?.ok === true ? rate.bytes : undefined;
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
