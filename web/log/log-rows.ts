import type { LogLine } from "./log-line.ts";

/** Consecutive lines of one phase: what is folded and unfolded as one. */
export interface LogSection {
  /** Stays while lines are added: the first line's number. */
  readonly key: number;
  readonly title: string;
  /** Of the builder; undefined: what the cell said before and after it. */
  readonly phase: string | undefined;
  readonly lines: readonly LogLine[];
  /** Where the build failed. */
  readonly isRed: boolean;
}

export type LogRow =
  | { readonly kind: "section"; readonly section: LogSection; readonly isOpen: boolean }
  | { readonly kind: "line"; readonly line: LogLine };

/** A build's log by phases, in order. The error of one that failed names the phase, where it was in one. */
export function sectionsOf(lines: readonly LogLine[], error: string | null): LogSection[] {
  const sections: (LogSection & { lines: LogLine[] })[] = [];
  for (const line of lines) {
    const last = sections.at(-1);
    const [before] = last?.lines ?? [];
    if (last !== undefined && before !== undefined && titleOf(before) === titleOf(line)) {
      last.lines.push(line);
      continue;
    }
    const { number: key, phase } = line;
    sections.push({ key, title: titleOf(line), phase, lines: [line], isRed: false });
  }
  const red = error === null ? undefined : sections.findLast((each) => isNamedIn(error, each));
  return sections.map((section) => (section === red ? { ...section, isRed: true } : section));
}

/** `supply of NAME` in the platform's words, or a detection that found nothing. */
function isNamedIn(error: string, { phase, lines: [line] }: LogSection): boolean {
  if (phase === "detect") return error.startsWith("NoAppDetectedError");
  if (phase === undefined || line?.buildpack === undefined) return false;
  const name = `${phase} of ${line.buildpack}`;
  return error.endsWith(name) || error.includes(`${name} `);
}

/** All buildpacks are asked at once, so a detection is of no one of them. */
function titleOf({ phase, buildpack }: LogLine): string {
  if (phase === undefined) return "cell";
  return phase === "detect" || buildpack === undefined ? phase : `${phase} ${buildpack}`;
}

/** Few lines of the cell are shown as they are, and a log without phases whole. */
const fewLines = 6;

export function isFoldable(section: LogSection, sections: readonly LogSection[]): boolean {
  if (section.phase !== undefined) return true;
  return section.lines.length > fewLines && sections.some(({ phase }) => phase !== undefined);
}

/** What is shown, one under the other. */
export function rowsOf(
  sections: readonly LogSection[],
  isOpen: (section: LogSection) => boolean,
): LogRow[] {
  return sections.flatMap((section): LogRow[] => {
    const rows = section.lines.map((line): LogRow => ({ kind: "line", line }));
    if (!isFoldable(section, sections)) return rows;
    const open = isOpen(section);
    return [{ kind: "section", section, isOpen: open }, ...(open ? rows : [])];
  });
}

/**
 * What the failed phase said last, or where none failed what the builder complained of at the end; a detection's words are
 * told better by buildpack.
 */
export function lastWords(sections: readonly LogSection[], count: number): readonly LogLine[] {
  const red = sections.find(({ isRed }) => isRed);
  if (red?.phase === "detect") return [];
  const said = red?.lines ?? (sections.at(-1)?.lines ?? []).filter(isComplaintOfBuilder);
  return said.filter(({ text }) => text.trim() !== "").slice(-count);
}

function isComplaintOfBuilder({ isError, source, phase }: LogLine): boolean {
  return isError && source === "STG" && phase === undefined;
}

/** Where a log that is complete is looked at first: at the end of what failed. Undefined: at its beginning. */
export function rowOfFailure(rows: readonly LogRow[]): number | undefined {
  const head = rows.findIndex((row) => row.kind === "section" && row.section.isRed);
  const section = rows[head];
  if (section?.kind !== "section" || !section.isOpen) return undefined;
  return head + section.section.lines.length;
}

/** The rows that a window of that height shows, and some around them: only these are in the document. */
export function windowOf(view: {
  readonly rows: number;
  readonly rowHeight: number;
  readonly scrollTop: number;
  readonly height: number;
}): { readonly first: number; readonly end: number } {
  const around = 20;
  const top = Math.floor(view.scrollTop / view.rowHeight);
  const visible = Math.ceil(view.height / view.rowHeight);
  const first = Math.min(Math.max(0, top - around), Math.max(0, view.rows - visible));
  return { first, end: Math.min(view.rows, top + visible + around) };
}
