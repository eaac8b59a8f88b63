import { stripVTControlCharacters } from "node:util";

/** Characters: a reason is read at a glance. */
const longest = 240;

// The words with which tools begin what went wrong; `npm error`, `error TS2304:`, `[ERROR]`, `fatal:`, `**ERROR**`, `E: `.
const complaint =
  /(?:^|[^a-z])(?:error|fatal|failed|failure|exception|panic|cannot|can't|could not|couldn't|not found|no such|denied|unable to|undefined|unknown|invalid|refused)(?:$|[^a-z])|^E: |^\w*(?:Error|Exception)\b/i;
/** A compiler's: the place in a file, and what is wrong there. Go says no more; Maven puts the place in brackets. */
const atPlace =
  /^(?:\[ERROR\] )?[\w@./+-]+\.\w+(?::\d+:\d+:|:\d+: (?:fatal )?error:|:\[\d+,\d+\]|\(\d+,\d+\):|:\d+:\d+ -) (?!warning|note)/;
/** It sounds like a complaint and is none. */
const remark = /^\W*(?:npm )?(?:warn(?:ing)?|info|debug|note|hint|tip)\b/i;
/** Where a line is one of these, what is wrong stands elsewhere; of npm: codes, paths, the tree, advice, and where its own log is. */
const preamble =
  /^npm (?:error|ERR!)(?: (?:code|errno|syscall|path|command|ERESOLVE|Fix the upstream|A complete log|Log files)\b| (?:While resolving|Found|Conflicting peer dependency):| node_modules\/|  | *$| gyp (?!ERR! stack Error))|^gyp (?!ERR! stack Error)|^Failed to (?:compile droplet|run all supply scripts|build droplet release|clone git repository)\b|^\[ERROR\] *(?:$|->|\[Help|To see the full|Re-run Maven|For more information)/;
const ofNpm = /^npm (?:error|ERR!)/;
/** It sums up or points at what stands elsewhere, mostly above: told only where nothing else sounds like a complaint. */
const pointer =
  /(?:: | )?\bsee above\b.*$|^(?:\W|x )*build failed\b|\bcompiled with \d+ errors?\b|^(?:found )?\d+ errors?\b|subprocess-exited-with-error|metadata-generation-failed|did not run successfully|Failed building wheel|Failed to build \S+$|Could not build wheels|finished with status 'error'|returned non-zero exit status|^(?:npm (?:error|ERR!) )?make(?:\[\d+\])?: |`make` failed with exit code|^compilation terminated/i;
/** What is wrong stands on the line after it. */
const opening = /:$|^ERROR in \S+(?: \d+:\d+(?:-\d+)?)?$/;
/** Lines between the last error that names its place and the last complaint: more, and that one is of something else. */
const nearby = 40;

/**
 * The line in which a script said why it failed, out of the last that it printed. A compiler's error that names its place
 * is the cause, the first of them; else the first of the last lines in a row that complain, for what follows a complaint
 * explains it. Undefined where nothing sounds like one.
 */
export function complaintIn(said: string): string | undefined {
  const lines = said.split("\n").map(plain);
  const isComplaint = (line = "") =>
    complaint.test(line) && !preamble.test(line) && !remark.test(line);
  const says = (line: string | undefined) => isComplaint(line) && !pointer.test(line ?? "");
  const end = lines.findLastIndex(says);
  const placed = firstAtPlace(lines);
  if (placed !== undefined && end - placed.last <= nearby) return told(lines, placed.first);
  if (end < 0) {
    const pointing = lines.findLast(isComplaint);
    return pointing === undefined ? undefined : shortened(pointing.replace(/:? see above\b.*/, ""));
  }
  let first = end;
  for (let at = end - 1; says(lines[at]) || ofNpm.test(lines[at] ?? ""); at -= 1) {
    if (says(lines[at])) first = at;
  }
  return told(lines, first);
}

/** Without what colours it or would do something to a terminal. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Cc}|\p{Cf}/gu, "")
    .trim();
}

/** The first of the last errors that name their places; what lies further above has been got over. */
function firstAtPlace(lines: readonly string[]): { first: number; last: number } | undefined {
  const isPlaced = (line = "") => atPlace.test(withoutTool(line));
  const last = lines.findLastIndex(isPlaced);
  if (last < 0) return undefined;
  const first = lines.findIndex((line, at) => at >= last - nearby && isPlaced(line));
  return { first, last };
}

function told(lines: readonly string[], at: number): string {
  const line = lines[at] ?? "";
  const shown = atPlace.test(withoutTool(line)) ? withoutTool(line) : line;
  if (!opening.test(line)) return shortened(shown);
  const next = lines.slice(at + 1).find((text) => withoutTool(text) !== "");
  return shortened(next === undefined ? shown : `${shown} ${withoutTool(next)}`);
}

/** npm passes on what the scripts of packages say behind its own mark. */
function withoutTool(line: string): string {
  return line.replace(/^(?:npm (?:error|ERR!)|\[ERROR\]) */, "");
}

function shortened(line: string): string {
  const text = line.replace(/^(?:\*\*ERROR\*\*|\[ERROR\])\s*/, "");
  return text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;
}
