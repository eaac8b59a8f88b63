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
  /** The SHA-1s that the platform holds. */
  readonly held: ReadonlySet<string>;
  /** The matched files in the order in which they were asked for, as the field `resources` of an upload names them. */
  readonly resources: string;
}

const resourcesPerRequest = 5_000;
/** The next list is made and read while the server is at the one before. */
const requestsAtOnce = 2;

const answerSchema = z.object({
  resources: z.array(
    z.object({
      path: z.string(),
      mode: z.string(),
      checksum: z.object({ value: z.string() }),
      size_in_bytes: z.number(),
    }),
  ),
});

/** Which of the files the platform already holds. */
export async function matchFiles(
  cc: CloudController,
  files: readonly MatchableFile[],
): Promise<Matches> {
  const held = new Set<string>();
  const matched: string[] = [];
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < files.length) {
      const start = next;
      next += resourcesPerRequest;
      const { sha1s, resources } = await askFor(cc, files.slice(start, next));
      for (const sha1 of sha1s) held.add(sha1);
      matched[start / resourcesPerRequest] = resources;
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, ask));
  return { held, resources: `[${matched.filter((list) => list !== "").join(",")}]` };
}

/**
 * Mostly every file of a list is held. Rivera answers then with the list itself, byte for byte, and neither its thousands
 * of entries need to be read, nor others be written for the upload.
 */
async function askFor(
  cc: CloudController,
  files: readonly MatchableFile[],
): Promise<{ readonly sha1s: readonly string[]; readonly resources: string }> {
  const resources = files.map(toJson).join(",");
  const asked = `{"resources":[${resources}]}`;
  const answer = await cc.call("POST", "/v3/resource_matches", { body: asked });
  if (answer.body.equals(Buffer.from(asked))) {
    return { sha1s: files.map(({ sha1 }) => sha1), resources };
  }
  const matched = parseAnswer("/v3/resource_matches", answer, answerSchema).resources;
  return {
    sha1s: matched.map(({ checksum }) => checksum.value),
    resources: matched.map((resource) => JSON.stringify(resource)).join(","),
  };
}

/** With the keys in the order in which Cloud Controller writes them. */
function toJson({ path, mode, sha1, size }: MatchableFile): string {
  return `{"checksum":{"value":"${sha1}"},"size_in_bytes":${size},"path":${JSON.stringify(path)},"mode":"${mode.toString(8)}"}`;
}
