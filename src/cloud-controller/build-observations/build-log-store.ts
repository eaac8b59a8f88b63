import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { Interpretation } from "./interpret-records.ts";
import {
  logLineSchema,
  nothingYet,
  progressSchema,
  spanSchema,
  type LogLine,
  type Progress,
  type Span,
} from "./observation-table.ts";

/** Bytes that stay of a build's log: of its head, and again of its end. */
const partBytes = 2 * 1024 * 1024;

const linesSchema = z.array(logLineSchema);

export async function findProgress(db: Executor, buildGuid: string): Promise<Progress> {
  const row = await db
    .selectFrom("buildObservations")
    .select("progress")
    .where("buildGuid", "=", buildGuid)
    .executeTakeFirst();
  return row === undefined ? nothingYet : progressSchema.parse(JSON.parse(row.progress));
}

/** Within the transaction that has read the progress before. */
export async function storeInterpretation(
  tx: Executor,
  buildGuid: string,
  { progress: after, lines, spans }: Interpretation,
): Promise<void> {
  const before = after.spans - spans.length;
  if (spans.length > 0) {
    const rows = spans.map((span, at) => ({
      buildGuid,
      number: before + at + 1,
      content: JSON.stringify(span),
    }));
    await tx.insertInto("buildSpans").values(rows).execute();
  }
  const progress = JSON.stringify(await storeLines(tx, buildGuid, { progress: after, lines }));
  await tx
    .insertInto("buildObservations")
    .values({ buildGuid, progress })
    .onConflict((conflict) => conflict.column("buildGuid").doUpdateSet({ progress }))
    .execute();
}

async function storeLines(
  tx: Executor,
  buildGuid: string,
  { progress, lines }: { readonly progress: Progress; readonly lines: readonly LogLine[] },
): Promise<Progress> {
  const [first] = lines;
  if (first === undefined) return progress;
  const content = JSON.stringify(lines);
  const bytes = Buffer.byteLength(content);
  const isHead = progress.tailBytes === 0 && progress.headBytes + bytes <= partBytes;
  await tx
    .insertInto("buildLogChunks")
    .values({
      buildGuid,
      firstLine: first.number,
      lastLine: lines.at(-1)?.number ?? first.number,
      bytes,
      part: isHead ? "head" : "tail",
      content,
    })
    .execute();
  if (isHead) return { ...progress, headBytes: progress.headBytes + bytes };
  const tailBytes = progress.tailBytes + bytes;
  if (tailBytes <= partBytes) return { ...progress, tailBytes };
  return { ...progress, tailBytes: await shortenTail(tx, buildGuid, tailBytes) };
}

/** Drops the oldest of the tail; resolves with the bytes that are left. */
async function shortenTail(tx: Executor, buildGuid: string, bytes: number): Promise<number> {
  const tail = await tx
    .selectFrom("buildLogChunks")
    .select(["firstLine", "bytes"])
    .where("buildGuid", "=", buildGuid)
    .where("part", "=", "tail")
    .orderBy("firstLine")
    .execute();
  let left = bytes;
  const dropped: number[] = [];
  for (const chunk of tail) {
    if (left <= partBytes) break;
    left -= chunk.bytes;
    dropped.push(chunk.firstLine);
  }
  const newest = dropped.at(-1);
  if (newest === undefined) return left;
  await tx
    .deleteFrom("buildLogChunks")
    .where("buildGuid", "=", buildGuid)
    .where("part", "=", "tail")
    .where("firstLine", "<=", newest)
    .execute();
  return left;
}

/** What one reading takes of the log. */
const pageBytes = 512 * 1024;

/** Some of the lines after that number, in order: half a megabyte at most, but one chunk whatever its size. */
export async function readLines(
  db: Executor,
  buildGuid: string,
  after: number,
): Promise<readonly LogLine[]> {
  const chunks = db
    .selectFrom("buildLogChunks")
    .where("buildGuid", "=", buildGuid)
    .where("lastLine", ">", after)
    .orderBy("firstLine");
  const next = await chunks.select(["firstLine", "bytes"]).limit(200).execute();
  let bytes = 0;
  const fitting = next.filter((chunk, at) => {
    bytes += chunk.bytes;
    return at === 0 || bytes <= pageBytes;
  });
  const last = fitting.at(-1)?.firstLine;
  if (last === undefined) return [];
  const rows = await chunks.select("content").where("firstLine", "<=", last).execute();
  return rows
    .flatMap(({ content }) => linesSchema.parse(JSON.parse(content)))
    .filter(({ number }) => number > after);
}

export async function readSpans(
  db: Executor,
  buildGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly Span[]>> {
  const rows = await db
    .selectFrom("buildSpans")
    .select(["buildGuid", "content"])
    .where(isOneOf(sql.ref("buildGuid"), buildGuids))
    .orderBy("number")
    .execute();
  const found = new Map<string, Span[]>();
  for (const { buildGuid, content } of rows) {
    const spans = found.get(buildGuid) ?? [];
    found.set(buildGuid, spans);
    spans.push(spanSchema.parse(JSON.parse(content)));
  }
  return found;
}
