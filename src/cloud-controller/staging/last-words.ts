import { stripVTControlCharacters } from "node:util";

/** Characters: a reason is read at a glance. */
const longest = 240;

// The words with which tools begin what went wrong; `npm error`, `error TS2304:`, `[ERROR]`, `fatal:`, `**ERROR**`, `E: `.
const complaint =
  /(?:^|[^a-z])(?:error|fatal|failed|failure|exception|panic|cannot|could not|couldn't|not found|no such|denied|unable to|undefined|unknown|invalid|refused)(?:$|[^a-z])|^E: |^\w*(?:Error|Exception)\b/i;
/** It only points at what stands above it. */
const pointer = /:? see above\.?$/i;
/** Of npm: codes and paths, which the line after them says in words, and where its own log is. Of the builder: what became of it. */
const preamble =
  /^npm (?:error|ERR!)(?: (?:code|errno|syscall|path)\b.*| *$| A complete log| Log files)|^Failed to (?:compile droplet|run all supply scripts|build droplet release|clone git repository)\b/;

/**
 * The line in which a script said why it failed, out of the last that it printed: the first of the last lines in a row
 * that complain, for what follows a complaint explains it. Undefined where nothing sounds like one.
 */
export function complaintIn(said: string): string | undefined {
  const lines = said.split("\n").map(plain);
  const isComplaint = (line = "") => complaint.test(line) && !preamble.test(line);
  const says = (line: string | undefined) => isComplaint(line) && !pointer.test(line ?? "");
  const end = lines.findLastIndex(says);
  if (end < 0) {
    const pointing = lines.findLast(isComplaint);
    return pointing === undefined ? undefined : shortened(pointing.replace(pointer, ""));
  }
  let first = end;
  while (says(lines[first - 1])) first -= 1;
  return shortened(lines[first] ?? "");
}

/** Without what colours it or would do something to a terminal. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Cc}|\p{Cf}/gu, "")
    .trim();
}

function shortened(line: string): string {
  const text = line.replace(/^(?:\*\*ERROR\*\*|\[ERROR\])\s*/, "");
  return text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;
}
