import { z } from "zod";
import { parseAnswer, type CloudController } from "./cloud-controller.ts";

/** A file that the platform may hold already. */
export interface MatchableFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Hex. */
  readonly sha1: string;
  /** Bytes. */
  readonly size: number;
}

export interface Matches {
  /** The paths of the files that the platform holds. */
  readonly held: ReadonlySet<string>;
  /** These files as the field `resources` of an upload names them; by matches that the platform remembers, where it does. */
  readonly resources: string;
  /** The same as a list, for when it remembers no more. */
  readonly listed: string;
}

/** Half of what a request may hold: the last of them begins once all files have been seen, and all wait for it. */
const resourcesPerRequest = 2_500;
/** Lists are made and read while the server is at another. */
const requestsAtOnce = 2;

const answerSchema = z.union([
  // Rivera's, to `Prefer: return=minimal`: which of the files, counted from 0, it does not hold, and a name for all others.
  z.object({ reference: z.string(), missing: z.array(z.number()) }),
  z.object({
    resources: z.array(
      z.object({
        path: z.string(),
        mode: z.string(),
        checksum: z.object({ value: z.string() }),
        size_in_bytes: z.number(),
      }),
    ),
  }),
]);

interface MatchedList {
  /** Paths. */
  readonly held: readonly string[];
  /** Elements of a JSON array; empty where nothing is held. */
  readonly resources: string;
  readonly listed: string;
}

/** Which of an app's files the platform holds: asked for while the others are still being looked at. */
export class FileMatcher {
  readonly #cc: CloudController;
  readonly #lists: Promise<MatchedList>[] = [];
  #waiting: MatchableFile[] = [];

  constructor(cc: CloudController) {
    this.#cc = cc;
  }

  /** Empty files are not matched. What goes wrong is told by `finish`. */
  add(file: MatchableFile): void {
    if (file.size === 0) return;
    this.#waiting.push(file);
    if (this.#waiting.length === resourcesPerRequest) this.#ask();
  }

  /** Once all files have been added. */
  async finish(): Promise<Matches> {
    if (this.#waiting.length > 0) this.#ask();
    const lists = await Promise.all(this.#lists);
    const joined = (texts: readonly string[]) => `[${texts.filter(Boolean).join(",")}]`;
    return {
      held: new Set(lists.flatMap(({ held }) => held)),
      resources: joined(lists.map(({ resources }) => resources)),
      listed: joined(lists.map(({ listed }) => listed)),
    };
  }

  #ask(): void {
    const files = this.#waiting;
    this.#waiting = [];
    const turn = this.#lists.at(-requestsAtOnce) ?? Promise.resolve();
    const list = turn.then(() => matchList(this.#cc, files));
    list.catch(() => undefined);
    this.#lists.push(list);
  }
}

async function matchList(
  cc: CloudController,
  files: readonly MatchableFile[],
): Promise<MatchedList> {
  const entries = files.map(toJson);
  const path = "/v3/resource_matches";
  const answer = await cc.call("POST", path, {
    body: `{"resources":[${entries.join(",")}]}`,
    prefer: "return=minimal",
  });
  const parsed = parseAnswer(path, answer, answerSchema);
  if ("reference" in parsed) {
    const missing = new Set(parsed.missing);
    const isHeld = (_: unknown, index: number) => !missing.has(index);
    const held = files.filter(isHeld).map((file) => file.path);
    return {
      held,
      resources: held.length === 0 ? "" : JSON.stringify({ reference: parsed.reference }),
      listed: entries.filter(isHeld).join(","),
    };
  }
  const listed = parsed.resources.map((resource) => JSON.stringify(resource)).join(",");
  return { held: parsed.resources.map((file) => file.path), resources: listed, listed };
}

/** With the keys in the order in which Cloud Controller writes them. */
function toJson({ path, mode, sha1, size }: MatchableFile): string {
  return `{"checksum":{"value":"${sha1}"},"size_in_bytes":${size},"path":${JSON.stringify(path)},"mode":"${mode.toString(8)}"}`;
}
