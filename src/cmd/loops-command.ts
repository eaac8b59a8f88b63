import { z } from "zod";
import { parseInstant } from "#kernel/clock/clock.ts";
import {
  asInternalSecret,
  internalHeaders,
  type InternalSecret,
} from "#kernel/http/internal-auth.ts";
import { uaaAdminSecret, type PlatformState } from "./platform-state.ts";
import { uaaOperator } from "./uaa-operator.ts";

const loopsAnswer = z.array(
  z.object({
    name: z.string(),
    lastStartedAt: z.string().optional(),
    lastDurationMs: z.number().optional(),
    lastResult: z.unknown().optional(),
    lastError: z.string().optional(),
    nextAt: z.string().optional(),
  }),
);

const cleanUpAnswer = z.array(
  z.object({
    name: z.string(),
    lastStartedAt: z.string().optional(),
    lastCompletedAt: z.string().optional(),
    removed: z.number().optional(),
    lastError: z.string().optional(),
    nextAt: z.string(),
  }),
);

interface Row {
  readonly name: string;
  readonly last: string | undefined;
  readonly tookMs: number | undefined;
  readonly next: string | undefined;
  readonly result: string;
}

/** What is shown of a result: a plan may name a thousand instances. */
const maximumCharacters = 60;

/**
 * The loops of Cloud Controller, the BBS and UAA and the daily clean-ups, as the lines of a table: asked with the data
 * folder's secrets, for they are what shows that someone operates the platform.
 */
export async function loopLines(
  state: Pick<PlatformState, "cloudControllerPort" | "bbsPort" | "internalSecret">,
  uaaUrl: string,
): Promise<string[]> {
  const secret = asInternalSecret(state.internalSecret);
  const cloudController = `http://127.0.0.1:${state.cloudControllerPort}`;
  const [ours, bbs, uaa, cleanUps] = await Promise.all([
    ask(`${cloudController}/loops`, secret),
    ask(`http://127.0.0.1:${state.bbsPort}/loops`, secret),
    uaaOperator(uaaUrl, uaaAdminSecret(state)).then((operator) => operator.loops()),
    ask(`${cloudController}/clean-up`, secret),
  ]);
  return table([
    ...loopsAnswer.parse(ours).map(toLoopRow),
    ...loopsAnswer.parse(bbs).map(toLoopRow),
    ...loopsAnswer.parse(uaa).map(toLoopRow),
    ...cleanUpAnswer.parse(cleanUps).map(toCleanUpRow),
  ]);
}

function toLoopRow(loop: z.infer<typeof loopsAnswer>[number]): Row {
  return {
    name: loop.name,
    last: loop.lastStartedAt,
    tookMs: loop.lastDurationMs,
    next: loop.nextAt,
    result: resultOf(loop.lastError, loop.lastResult),
  };
}

function toCleanUpRow(run: z.infer<typeof cleanUpAnswer>[number]): Row {
  const { lastStartedAt, lastCompletedAt, removed } = run;
  return {
    name: `clean-up ${run.name}`,
    last: lastStartedAt,
    tookMs: msBetween(lastStartedAt, lastCompletedAt),
    next: run.nextAt,
    result: resultOf(run.lastError, removed === undefined ? undefined : `${removed} removed`),
  };
}

function msBetween(start: string | undefined, end: string | undefined): number | undefined {
  const [from, to] = [start, end].map((instant) => parseInstant(instant ?? ""));
  return from === undefined || to === undefined ? undefined : to.getTime() - from.getTime();
}

function resultOf(error: string | undefined, result: unknown): string {
  if (error !== undefined) return shortened(`failed: ${error}`);
  if (result === undefined || result === null) return "";
  return shortened(typeof result === "string" ? result : JSON.stringify(result));
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > maximumCharacters ? `${line.slice(0, maximumCharacters - 3)}...` : line;
}

function table(rows: readonly Row[]): string[] {
  const cells = [
    ["name", "last run", "took", "next run", "result"],
    ...rows.map(({ name, last, tookMs, next, result }) => [
      name,
      toSeconds(last) ?? "never",
      tookMs === undefined ? "" : `${tookMs} ms`,
      toSeconds(next) ?? "",
      result,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}

/** `2026-01-02T03:04:05Z`. */
function toSeconds(instant: string | undefined): string | undefined {
  return instant?.replace(/\.\d+Z$/, "Z");
}

async function ask(url: string, secret: InternalSecret): Promise<unknown> {
  const response = await fetch(url, { headers: internalHeaders(secret) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return await response.json();
}
