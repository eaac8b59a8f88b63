import { once } from "node:events";
import type { Readable } from "node:stream";
import { Parser, type ReadEntry } from "tar";
import { Failure } from "../failure.ts";

/** Takes the content of one entry as it passes. */
export interface EntryVisitor {
  data?(chunk: Buffer): void;
  /** After the last of it; the reading waits for what it returns. */
  end(): Promise<void> | void;
}

// Droplets stay far below; more is an attack on memory, since names are kept.
const mostEntries = 500_000;
const mostNameCharacters = 200_000_000;

/**
 * Goes once through a tar archive, gzipped or not, and holds no content. Rejects with a `Failure` where it is cut off or is
 * no archive. How much it unpacks to does not matter, as nothing is kept.
 */
export async function readTarEntries(
  source: Readable,
  options: {
    readonly name: string;
    readonly visit: (entry: ReadEntry) => EntryVisitor;
    readonly warn: (text: string) => void;
  },
): Promise<void> {
  const { name, visit, warn } = options;
  let entries = 0;
  let nameCharacters = 0;
  let broken: unknown;
  let pending: Promise<void>[] = [];
  const parser = new Parser({
    maxDecompressionRatio: Number.POSITIVE_INFINITY,
    onwarn(code, message) {
      if (/^TAR_(?:BAD_ARCHIVE|ENTRY_INVALID|ABORT)$/.test(code)) broken ??= message;
      else warn(`tar entry left out: ${String(message)}`);
    },
  });
  parser.on("error", (error: unknown) => (broken ??= error));
  const ended = once(parser, "end");
  ended.catch(() => undefined);
  parser.on("entry", (entry: ReadEntry) => {
    entries += 1;
    nameCharacters += entry.path.length + (entry.linkpath?.length ?? 0);
    if (entries > mostEntries) broken ??= `it has more than ${mostEntries} entries`;
    if (nameCharacters > mostNameCharacters) broken ??= "its names are too long";
    const visitor = visit(entry);
    entry.on("data", (chunk: Buffer) => visitor.data?.(chunk));
    entry.on("end", () => {
      const work = visitor.end();
      if (work !== undefined) pending.push(work);
    });
    entry.resume();
  });
  const settle = async () => {
    if (broken !== undefined) throw unreadable(name, broken);
    const work = pending;
    pending = [];
    await Promise.all(work);
  };
  try {
    for await (const chunk of source) {
      parser.write(chunk);
      await settle();
    }
    parser.end();
    if (broken === undefined) await ended;
    await settle();
  } catch (error) {
    source.destroy();
    throw error instanceof Failure ? error : unreadable(name, error);
  }
  if (entries === 0) throw unreadable(name, "it holds nothing");
}

function unreadable(name: string, error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return new Failure(`Cannot read '${name}' as a droplet: ${text}`, { cause: error });
}
