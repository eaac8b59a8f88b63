/** A stretch of a line in one style: names of classes, of the closed set below. */
export interface Stretch {
  readonly text: string;
  readonly style: readonly Style[];
}

const colours = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
type Colour = (typeof colours)[number];
type Style =
  | `ink-${Colour}`
  | `ink-bright-${Colour}`
  | `ground-${Colour}`
  | "bold"
  | "dim"
  | "italic"
  | "underlined"
  | "reversed";

interface Pen {
  ink: Style | undefined;
  ground: Style | undefined;
  readonly manners: Set<Style>;
}

/** Shown of a line at most; in full it is in the download. */
export const shownCharacters = 4_000;
/** A program that changes the style with every letter is shown in one from there on. */
const maxStretches = 200;

// An escape sequence by its kinds (ECMA-48): CSI with parameters and final byte; OSC, DCS, SOS, PM and APC with all that
// belongs to them; two-byte ones; and an escape that the line's end cut off. Then every other control character but the
// tab, and what turns the direction of text around, with which a line could read as another.
const special =
  // oxlint-disable-next-line no-control-regex -- control characters are what this file is about
  /\u001b(?:\[([0-?]*)[ -/]*([@-~]?)|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)|[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** What a line of a log shows in a terminal, as text in styles: it never moves, rewrites, links or rings. */
export function terminalText(line: string): Stretch[] {
  const text = lastOverwrite(line);
  const pen: Pen = { ink: undefined, ground: undefined, manners: new Set() };
  const stretches: Stretch[] = [];
  const write = (part: string) => {
    if (part === "") return;
    const last = stretches.at(-1);
    const style = styleOf(pen);
    if (last !== undefined && (isSame(last.style, style) || stretches.length >= maxStretches)) {
      stretches[stretches.length - 1] = { ...last, text: last.text + part };
    } else stretches.push({ text: part, style });
  };
  let from = 0;
  let written = 0;
  for (const match of text.matchAll(special)) {
    const part = text.slice(from, match.index).slice(0, shownCharacters - written);
    write(part);
    written += part.length;
    from = match.index + match[0].length;
    if (match[2] === "m") change(pen, match[1] ?? "");
    else if (!match[0].startsWith("\u001b")) write("\ufffd");
    if (written >= shownCharacters) return stretches;
  }
  write(text.slice(from).slice(0, shownCharacters - written));
  return stretches;
}

/** Without any style, whole. */
export function plainText(line: string): string {
  return lastOverwrite(line).replaceAll(special, (found) =>
    found.startsWith("\u001b") ? "" : "\ufffd",
  );
}

/** A progress bar writes a line again and again: its last state is what stays. */
function lastOverwrite(line: string): string {
  const text = line.replace(/[\r\n]+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** Select Graphic Rendition. What is not known, and colours outside the sixteen, leave the ink as it is. */
function change(pen: Pen, parameters: string): void {
  const codes = parameters.split(/[;:]/).slice(0, 32).map(Number);
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const isIndexed = codes[index + 1] === 5;
      if (isIndexed && code === 38) pen.ink = indexedInk(codes[index + 2]) ?? pen.ink;
      index += isIndexed ? 2 : 4;
    } else changeBy(pen, code);
  }
}

const manners = new Map<number, Style>([
  [1, "bold"],
  [2, "dim"],
  [3, "italic"],
  [4, "underlined"],
  [7, "reversed"],
]);
const ends = new Map<number, readonly Style[]>([
  [22, ["bold", "dim"]],
  [23, ["italic"]],
  [24, ["underlined"]],
  [27, ["reversed"]],
]);

function changeBy(pen: Pen, code: number): void {
  const manner = manners.get(code);
  if (manner !== undefined) pen.manners.add(manner);
  for (const ended of ends.get(code) ?? []) pen.manners.delete(ended);
  if (code === 0) {
    pen.manners.clear();
    pen.ink = undefined;
    pen.ground = undefined;
  }
  if (code === 39) pen.ink = undefined;
  if (code === 49) pen.ground = undefined;
  if (code >= 30 && code <= 37) pen.ink = indexedInk(code - 30);
  if (code >= 90 && code <= 97) pen.ink = indexedInk(code - 82);
  if (code >= 40 && code <= 47) pen.ground = groundOf(code - 40);
  if (code >= 100 && code <= 107) pen.ground = groundOf(code - 100);
}

function indexedInk(index: number | undefined): Style | undefined {
  if (index === undefined || index < 0 || index > 15) return undefined;
  const colour = colours[index % 8];
  if (colour === undefined) return undefined;
  return index < 8 ? `ink-${colour}` : `ink-bright-${colour}`;
}

function groundOf(index: number): Style | undefined {
  const colour = colours[index];
  return colour === undefined ? undefined : `ground-${colour}`;
}

function styleOf({ ink, ground, manners: on }: Pen): readonly Style[] {
  return [ink, ground, ...on].filter((style) => style !== undefined);
}

function isSame(a: readonly Style[], b: readonly Style[]): boolean {
  return a.length === b.length && a.every((style, index) => style === b[index]);
}
