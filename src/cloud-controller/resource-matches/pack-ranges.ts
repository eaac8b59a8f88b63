import type { ResourceFile } from "./resource-table.ts";

/** Bytes between two wanted files that are read along rather than asked for apart. */
const gapBytes = 64 * 1024;

export interface PackRange {
  readonly packGuid: string;
  readonly start: number;
  /** Not included. */
  readonly end: number;
  readonly files: readonly ResourceFile[];
}

/** The reads that fetch these files, neighbours together. */
export function toRanges(files: readonly ResourceFile[]): PackRange[] {
  const inOrder = files
    .filter((file) => file.compressedSize > 0)
    .toSorted((a, b) => compare(a.packGuid, b.packGuid) || a.offset - b.offset);
  const ranges: { packGuid: string; start: number; end: number; files: ResourceFile[] }[] = [];
  for (const file of inOrder) {
    const last = ranges.at(-1);
    const end = file.offset + file.compressedSize;
    if (last?.packGuid === file.packGuid && file.offset <= last.end + gapBytes) {
      last.files.push(file);
      last.end = Math.max(last.end, end);
    } else {
      ranges.push({ packGuid: file.packGuid, start: file.offset, end, files: [file] });
    }
  }
  return ranges;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
