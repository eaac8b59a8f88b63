const units = ["B", "KB", "MB", "GB", "TB"] as const;

/** Bytes as the official client writes them: `12.3 MB` of 1024. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? "B"}`;
}

export function megabytesText(megabytes: number): string {
  return sizeText(megabytes * 1024 * 1024);
}

/** `420 ms`, `1.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const pairs = [
    ["d", "h", 86_400, 3_600],
    ["h", "min", 3_600, 60],
    ["min", "s", 60, 1],
  ] as const;
  for (const [large, small, largeSeconds, smallSeconds] of pairs) {
    if (seconds < largeSeconds) continue;
    const rest = Math.floor((seconds % largeSeconds) / smallSeconds);
    const whole = `${Math.floor(seconds / largeSeconds)} ${large}`;
    return rest === 0 ? whole : `${whole} ${rest} ${small}`;
  }
  return `${Math.round(seconds)} s`;
}
