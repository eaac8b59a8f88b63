import * as z from "zod/mini";
import { ApiFailure } from "../api/platform-api.ts";
import { pause } from "../live/live.ts";
import { failureOf, useFollowed, type Following } from "./followed.ts";
import { emptyLog, withLines, type HeldLog, type LogLine } from "./log-line.ts";

/** A line of `GET /rivera/v1/builds/:guid/log?follow=true`, or the place of lines that the platform did not keep. */
const recordSchema = z.union([
  z.object({
    number: z.number(),
    at: z.number(),
    type: z.enum(["OUT", "ERR"]),
    source: z.string(),
    phase: z.optional(z.string()),
    buildpack: z.optional(z.string()),
    text: z.string(),
  }),
  z.object({ cut: z.object({ first: z.number(), last: z.number() }) }),
]);

export interface BuildLog extends HeldLog {
  /** `absent`: the platform keeps no log of this build. */
  readonly state: "coming" | "complete" | "absent";
  /** Why nothing comes just now. */
  readonly failure: Error | undefined;
}

const start: BuildLog = { ...emptyLog, state: "coming", failure: undefined };

/** The log of a build as it grows, to its end. A connection that breaks goes on where it was. */
export function useBuildLog(guid: string): BuildLog {
  return useFollowed(guid, start, follow);
}

async function follow({ api, guid, signal, show }: Following<BuildLog>): Promise<void> {
  let newest = 0;
  while (!signal.aborted) {
    try {
      const path = `rivera/v1/builds/${guid}/log?follow=true&after=${newest}`;
      const body = await api.stream(path, signal);
      for await (const lines of linesOf(body, newest)) {
        newest = lines.at(-1)?.number ?? newest;
        show((before) => ({ ...before, ...withLines(before, lines), failure: undefined }));
      }
      return show((before) => ({ ...before, state: "complete", failure: undefined }));
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) {
        return show((before) => ({ ...before, state: "absent" }));
      }
      const failure = failureOf(error);
      show((before) => ({ ...before, failure }));
    }
    await pause(2_000, signal);
  }
}

/** The lines of NDJSON, those that come together as one. */
async function* linesOf(
  body: ReadableStream<Uint8Array>,
  after: number,
): AsyncGenerator<readonly LogLine[]> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  let newest = after;
  for (;;) {
    const { done, value } = await reader.read();
    const pieces = (rest + decoder.decode(value, { stream: !done })).split("\n");
    rest = pieces.pop() ?? "";
    const lines = pieces
      .filter((text) => text !== "")
      .map((text) => {
        const line = lineOf(text, newest);
        newest = line.number;
        return line;
      });
    if (lines.length > 0) yield lines;
    if (done) return;
  }
}

function lineOf(text: string, before: number): LogLine {
  const record = recordSchema.parse(JSON.parse(text));
  if ("number" in record) {
    const { type, phase, buildpack, ...same } = record;
    return { ...same, isError: type === "ERR", phase, buildpack };
  }
  const { first, last } = record.cut;
  return {
    number: Math.max(before, last),
    at: 0,
    isError: false,
    source: "",
    phase: undefined,
    buildpack: undefined,
    text: `... lines ${first} to ${last} were not kept: the log was longer than is kept of one ...`,
  };
}
