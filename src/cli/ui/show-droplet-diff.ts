import { formatBytes } from "#kernel/size.ts";
import type { Change, DropletDiff } from "../droplets/compare-droplets.ts";
import type { DropletFile } from "../droplets/droplet-contents.ts";
import { safeText } from "./safe-text.ts";
import type { Ui } from "./ui.ts";

const mostShown = 10;

/** Prints what differs, part by part: of long parts the largest changes, all where `showsAll`. */
export function showDropletDiff(
  ui: Ui,
  diff: DropletDiff,
  options: { readonly names: readonly [string, string]; readonly showsAll: boolean },
): void {
  const { names, showsAll } = options;
  const most = showsAll ? Number.POSITIVE_INFINITY : mostShown;
  const { count, bytes } = diff.files;
  ui.tableWithHeader([
    ["", ...names.map(safeText), "difference"],
    ["size:", ...bytes.map(formatBytes), signed(bytes[1] - bytes[0], formatBytes)],
    ["files:", ...count.map(String), signed(count[1] - count[0], String)],
  ]);
  for (const title of ["buildpacks", "packages", "commands", "environment"] as const) {
    showPart(ui, { title, all: diff[title], most, text: textRow });
  }
  const files = diff.files.changes.toSorted((a, b) => weight(b) - weight(a));
  showPart(ui, { title: "files", all: showsAll ? diff.files.changes : files, most, text: fileRow });
}

function showPart<T>(
  ui: Ui,
  part: {
    readonly title: string;
    readonly all: readonly Change<T>[];
    readonly most: number;
    readonly text: (change: Change<T>) => string;
  },
): void {
  const { title, all, most, text } = part;
  if (all.length === 0) return;
  ui.newline();
  ui.header(`${title}: ${counts(all)}`);
  ui.table(
    all.slice(0, most).map((change) => [`${sign(change)} ${safeText(change.name)}`, text(change)]),
    { prefix: "  " },
  );
  if (all.length > most) ui.text(`  ... and ${all.length - most} more: see them with --all`);
}

function counts(changes: readonly Change<unknown>[]): string {
  const of = (wanted: string) => changes.filter((change) => sign(change) === wanted).length;
  return [
    [of("+"), "added"],
    [of("-"), "removed"],
    [of("~"), "changed"],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

function sign({ before, after }: Change<unknown>): "+" | "-" | "~" {
  if (before === undefined) return "+";
  return after === undefined ? "-" : "~";
}

function textRow({ before, after }: Change<string>): string {
  if (before === undefined || after === undefined) return safeText(before ?? after ?? "");
  return `${safeText(before)} -> ${safeText(after)}`;
}

function fileRow({ before, after }: Change<DropletFile>): string {
  if (before === undefined || after === undefined) return fileText(before ?? after);
  const [old, now] = [fileText(before), fileText(after)];
  if (old !== now) return `${old} -> ${now}`;
  if (before.isExecutable === after.isExecutable) return `${now}, other content`;
  return `${now}, ${after.isExecutable ? "now" : "no longer"} executable`;
}

function fileText(file: DropletFile | undefined): string {
  const { linkTarget, size = 0 } = file ?? {};
  return linkTarget === undefined ? formatBytes(size) : `link to ${safeText(linkTarget)}`;
}

/** How many bytes a change adds or takes; what keeps its size counts least. */
function weight({ before, after }: Change<DropletFile>): number {
  return Math.abs((after?.size ?? 0) - (before?.size ?? 0));
}

function signed(difference: number, text: (amount: number) => string): string {
  if (difference === 0) return "";
  return `${difference > 0 ? "+" : "-"}${text(Math.abs(difference))}`;
}
