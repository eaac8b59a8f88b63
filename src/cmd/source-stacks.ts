import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";

/** What of a source map (ECMA-426) a place is found by. `sources` are relative to the map. */
const sourceMapSchema = z.object({ sources: z.array(z.string()), mappings: z.string() });

const placeInProgram = /(file:\/\/\/[^\s()]*\/)([\w-]+\.js):(\d+):(\d+)/g;
const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const digitOfCode = Uint8Array.from({ length: 128 }, (_, code) =>
  Math.max(0, digits.indexOf(String.fromCharCode(code))),
);

const comma = 44;
const semicolon = 59;

/**
 * Names the sources in stack traces of a program that runs from a bundle, by the maps beside it. Node's own
 * `--enable-source-maps` keeps every map decoded: at the first error a hundred megabytes, half of what a platform takes; libraries
 * decode it whole, too, and take three times that meanwhile (docs/measurements.md). Here
 * a map is read for the places that it is asked for, and those are kept: no more than the program has.
 *
 * @param folder of the bundle; a place that no map there tells of stays as it is
 */
export function sourceStacks(folder: string): (stack: string) => string {
  const prefix = `${pathToFileURL(folder).href}/`;
  const known = new Map<string, string>();
  return (stack) => {
    const unknown = new Map<string, Place[]>();
    for (const [text, at, file = "", line, column] of stack.matchAll(placeInProgram)) {
      if (at !== prefix || known.has(text)) continue;
      known.set(text, text);
      const places = unknown.get(file) ?? [];
      unknown.set(file, [...places, { text, line: Number(line), column: Number(column) }]);
    }
    for (const [file, places] of unknown) {
      for (const [text, source] of sourcesOf(path.join(folder, `${file}.map`), places)) {
        known.set(text, source);
      }
    }
    return stack.replaceAll(placeInProgram, (text) => known.get(text) ?? text);
  };
}

interface Place {
  readonly text: string;
  /** Both from 1, as in a trace. */
  readonly line: number;
  readonly column: number;
}

function sourcesOf(mapFile: string, places: readonly Place[]): Map<string, string> {
  const map = readMap(mapFile);
  if (map === undefined) return new Map();
  const { sources, mappings } = map;
  const found = new Map<string, string>();
  const wanted = new Set(places.map(({ line }) => line));
  forEachSegment(mappings, (line, [column, source, sourceLine, sourceColumn]) => {
    if (!wanted.has(line)) return;
    // The last segment that begins before the place has it.
    for (const place of places.filter((each) => each.line === line && each.column > column)) {
      const file = path.resolve(path.dirname(mapFile), sources[source] ?? "");
      found.set(place.text, `${file}:${sourceLine + 1}:${sourceColumn + 1}`);
    }
  });
  return found;
}

/** Undefined where it is absent or damaged: a trace of the bundle is better than none. */
function readMap(file: string): z.infer<typeof sourceMapSchema> | undefined {
  try {
    return sourceMapSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

/** Where a piece of the bundle begins in its line, and where in which source it comes from. All from 0. */
type Segment = [
  column: number,
  source: number,
  sourceLine: number,
  sourceColumn: number,
  name: number,
];

/**
 * Lines end in a semicolon, segments in a comma. A segment is one, four or five numbers, each the difference to the one before:
 * in base 64, five bits a digit, the lowest first; the lowest of all is the sign. One pass without copies, for a map of the
 * platform has three million characters.
 */
function forEachSegment(mappings: string, see: (line: number, segment: Segment) => void): void {
  const segment: Segment = [0, 0, 0, 0, 0];
  let line = 1;
  let field = 0;
  let value = 0;
  let shift = 0;
  for (let at = 0; at <= mappings.length; at += 1) {
    const code = at === mappings.length ? semicolon : mappings.charCodeAt(at);
    if (code === comma || code === semicolon) {
      if (field >= 4) see(line, segment);
      field = 0;
      if (code === comma) continue;
      line += 1;
      segment[0] = 0;
      continue;
    }
    const digit = digitOfCode[code] ?? 0;
    value += (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    segment[field] = (segment[field] ?? 0) + ((value & 1) === 0 ? value >> 1 : -(value >> 1));
    field += 1;
    value = 0;
    shift = 0;
  }
}
