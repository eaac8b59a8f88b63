const units = ["B", "K", "M", "G", "T"] as const;

/** A size as Cloud Foundry writes it in logs: `512B`, `1.2M`, `3G`. */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1).replace(/\.0$/, "")}${units[unit] ?? "B"}`;
}
