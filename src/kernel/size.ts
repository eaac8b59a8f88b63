const factors = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;

/**
 * Bytes in a size as Cloud Foundry writes it: `512M`, `1G`, `1GB`, `64KB`, `100B`. Undefined where the text is none.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([BKMGT])B?\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, number = "", unit = ""] = match;
  return Math.floor(Number(number) * factors[unit.toUpperCase() as keyof typeof factors]);
}

/** Bytes as the official client prints them: one decimal at most, units K, M, G, T, `0` for none. */
export function formatBytes(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"] as const) {
    if (bytes >= factors[unit]) return `${trimZero(bytes / factors[unit])}${unit}`;
  }
  return bytes === 0 ? "0" : `${bytes}B`;
}

function trimZero(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
