import type { LogLine } from "./log-line.ts";

/** Consecutive lines of one phase: what is folded and unfolded as one. */
export interface LogSection {
  /** Stays while lines are added: the first line's number. */
  readonly key: number;
  readonly title: string;
  /** Undefined: lines of no phase, which are not folded. */
  readonly phase: string | undefined;
  readonly lines: readonly LogLine[];
  /** Where the build failed. */
  readonly isRed: boolean;
}

export type LogRow =
  | { readonly kind: "section"; readonly section: LogSection; readonly isOpen: boolean }
  | { readonly kind: "line"; readonly line: LogLine };

/** A build's log by phases, in order. `hasFailed`: the last phase is the one that did. */
export function sectionsOf(
  lines: readonly LogLine[],
  options: { readonly hasFailed: boolean },
): LogSection[] {
  const sections: (LogSection & { lines: LogLine[] })[] = [];
  for (const line of lines) {
    const last = sections.at(-1);
    const [before] = last?.lines ?? [];
    if (
      last !== undefined &&
      before?.phase === line.phase &&
      before?.buildpack === line.buildpack
    ) {
      last.lines.push(line);
      continue;
    }
    const title = [line.phase ?? "", line.buildpack ?? ""].filter((word) => word !== "").join(" ");
    sections.push({ key: line.number, title, phase: line.phase, lines: [line], isRed: false });
  }
  const red = options.hasFailed ? sections.findLast(({ phase }) => phase !== undefined) : undefined;
  return sections.map((section) => (section === red ? { ...section, isRed: true } : section));
}

/** What is shown, one under the other. Without phases, every line. */
export function rowsOf(
  sections: readonly LogSection[],
  isOpen: (section: LogSection) => boolean,
): LogRow[] {
  return sections.flatMap((section): LogRow[] => {
    const rows = section.lines.map((line): LogRow => ({ kind: "line", line }));
    if (section.phase === undefined) return rows;
    const open = isOpen(section);
    return [{ kind: "section", section, isOpen: open }, ...(open ? rows : [])];
  });
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
