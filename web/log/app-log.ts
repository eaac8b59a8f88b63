import * as z from "zod/mini";
import type { PlatformApi } from "../api/platform-api.ts";
import { pause } from "../live/live.ts";
import { failureOf, useFollowed, type Following } from "./followed.ts";
import { emptyLog, withLines, type HeldLog, type LogLine } from "./log-line.ts";

const readSchema = z.object({
  envelopes: z.object({
    batch: z.array(
      z.object({
        timestamp: z.string(),
        instance_id: z.string(),
        tags: z.record(z.string(), z.string()),
        log: z.object({ payload: z.string(), type: z.enum(["OUT", "ERR"]) }),
      }),
    ),
  }),
});

type Envelope = z.infer<typeof readSchema>["envelopes"]["batch"][number];

export interface AppLog extends HeldLog {
  readonly state: "loading" | "following";
  readonly failure: Error | undefined;
  /** The first read brought as many lines as it may: there are likely older ones. */
  readonly beginsLater: boolean;
}

const start: AppLog = { ...emptyLog, state: "loading", failure: undefined, beginsLater: false };
/** Log-cache gives no more at once. */
const perRead = 1_000;
const everyMs = 1_000;

/** What an app and its stagings say, as it comes: log-cache has no stream, and is asked every second. */
export function useAppLog(guid: string): AppLog {
  return useFollowed(guid, start, follow);
}

async function follow({ api, guid, signal, show }: Following<AppLog>): Promise<void> {
  let from: bigint | undefined;
  let number = 0;
  while (!signal.aborted) {
    let isMore = false;
    try {
      const batch = await read(api, { guid, from }, signal);
      const lines = batch.map((envelope) => lineOf(envelope, (number += 1)));
      const newest = batch.at(-1)?.timestamp;
      const isFull = batch.length === perRead;
      const beginsLater = from === undefined && isFull;
      isMore = from !== undefined && isFull;
      from = newest === undefined ? (from ?? 0n) : BigInt(newest) + 1n;
      show((before) => ({
        ...before,
        ...withLines(before, lines),
        state: "following",
        failure: undefined,
        beginsLater: before.beginsLater || beginsLater,
      }));
    } catch (error) {
      const failure = failureOf(error);
      show((before) => ({ ...before, failure }));
    }
    if (!isMore) await pause(everyMs, signal);
  }
}

/** The newest lines at first, then those from a time on; ascending in both. */
async function read(
  api: PlatformApi,
  asked: { readonly guid: string; readonly from: bigint | undefined },
  signal: AbortSignal,
): Promise<readonly Envelope[]> {
  const query = new URLSearchParams({ envelope_types: "LOG", limit: String(perRead) });
  if (asked.from === undefined) query.set("descending", "true");
  else query.set("start_time", asked.from.toString());
  const path = `api/v1/read/${asked.guid}?${query.toString()}`;
  const { batch } = (await api.get(path, readSchema, { signal })).envelopes;
  return asked.from === undefined ? batch.toReversed() : batch;
}

function lineOf(envelope: Envelope, number: number): LogLine {
  const source = envelope.tags["source_type"] ?? "";
  return {
    number,
    at: Number(BigInt(envelope.timestamp) / 1_000_000n),
    isError: envelope.log.type === "ERR",
    source: source === "" ? envelope.instance_id : `${source}/${envelope.instance_id}`,
    phase: undefined,
    buildpack: undefined,
    text: decoded(envelope.log.payload),
  };
}

/** Bytes of any kind: what is no UTF-8 becomes replacement characters. */
function decoded(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
