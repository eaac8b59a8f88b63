import { weigh, type Envelope, type EnvelopeType, type Gauge } from "./envelope.ts";
import { SourceBuffer } from "./source-buffer.ts";

export interface StoreLimits {
  readonly maxEnvelopesPerSource: number;
  /** By `weigh`, over all sources. */
  readonly maxTotalBytes: number;
  readonly maxSources: number;
}

export interface ReadQuery {
  /** Inclusive. */
  readonly startTime: bigint;
  /** Exclusive. */
  readonly endTime: bigint;
  readonly limit: number;
  readonly descending: boolean;
  /** Empty or with `ANY`: all. */
  readonly types: readonly EnvelopeType[];
  /** Matches the name of a metric; lines of log have none and never match. */
  readonly nameFilter: RegExp | undefined;
}

export interface SourceMeta {
  readonly count: number;
  /** Envelopes that were there and have been given up. */
  readonly expired: number;
  readonly oldestTimestamp: bigint;
  readonly newestTimestamp: bigint;
}

interface Source {
  readonly buffer: SourceBuffer;
  expired: number;
  /** Held apart from the buffer: a noisy app must not push its own instances' usage out. */
  readonly latestGauges: Map<string, Gauge>;
  /** One object for each distinct set of tags: a million lines share a handful. */
  readonly tags: Map<string, Envelope["tags"]>;
}

/** Distinct sets of tags and instances remembered for each source. */
const maxKeysPerSource = 1_000;
/**
 * Of one answer, by `weigh`: a thousand lines of 4 KiB. A thousand of the longest are 60 MB, and each reader that is slow to
 * take them would keep them in memory.
 */
const mostReadBytes = 4 * 1024 * 1024;

/** Envelopes in memory, bounded in number for each source and in bytes over all. */
export class EnvelopeStore {
  readonly #limits: StoreLimits;
  /** In the order of their last write, so that the first is the one longest silent. */
  readonly #sources = new Map<string, Source>();
  #totalBytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  put(envelopes: Iterable<Envelope>): void {
    for (const envelope of envelopes) this.#putOne(envelope);
    this.#evict();
  }

  /** Ascending, or the newest first where `descending`; fewer than `limit` where they are large, one at least. */
  read(sourceId: string, query: ReadQuery): Envelope[] {
    const buffer = this.#sources.get(sourceId)?.buffer;
    if (buffer === undefined) return [];
    const start = buffer.lowerBound(query.startTime);
    const end = buffer.lowerBound(query.endTime);
    const found: Envelope[] = [];
    const step = query.descending ? -1 : 1;
    let bytes = 0;
    let position = query.descending ? end - 1 : start;
    while (position >= start && position < end && found.length < query.limit) {
      const envelope = buffer.at(position);
      position += step;
      if (envelope === undefined || !isWanted(envelope, query)) continue;
      bytes += weigh(envelope);
      if (bytes > mostReadBytes && found.length > 0) break;
      found.push(envelope);
    }
    return found;
  }

  /** The last gauge of each instance of each process; empty for a source that is not known. */
  latestGauges(sourceId: string): Gauge[] {
    return [...(this.#sources.get(sourceId)?.latestGauges.values() ?? [])];
  }

  newestTimestamp(sourceId: string): bigint | undefined {
    return this.#sources.get(sourceId)?.buffer.newest()?.timestamp;
  }

  sourceIds(): string[] {
    return [...this.#sources.keys()];
  }

  meta(sourceId: string): SourceMeta | undefined {
    const source = this.#sources.get(sourceId);
    const oldest = source?.buffer.oldest();
    const newest = source?.buffer.newest();
    if (source === undefined || oldest === undefined || newest === undefined) return undefined;
    return {
      count: source.buffer.size,
      expired: source.expired,
      oldestTimestamp: oldest.timestamp,
      newestTimestamp: newest.timestamp,
    };
  }

  #putOne(envelope: Envelope): void {
    const source = this.#sources.get(envelope.sourceId) ?? newSource();
    this.#sources.delete(envelope.sourceId);
    this.#sources.set(envelope.sourceId, source);
    const before = source.buffer.bytes;
    const shared = { ...envelope, tags: sharedTags(source, envelope.tags) };
    source.buffer.insert(shared);
    if (shared.kind === "GAUGE") rememberGauge(source, shared);
    if (source.buffer.size > this.#limits.maxEnvelopesPerSource) dropOldest(source);
    this.#totalBytes += source.buffer.bytes - before;
  }

  #evict(): void {
    while (this.#sources.size > this.#limits.maxSources) {
      const [silent] = this.#sources.keys();
      if (silent === undefined) return;
      this.#totalBytes -= this.#sources.get(silent)?.buffer.bytes ?? 0;
      this.#sources.delete(silent);
    }
    if (this.#totalBytes <= this.#limits.maxTotalBytes) return;
    // A sixteenth below the bound, so that looking for the biggest source is paid for once in many writes.
    const goal = this.#limits.maxTotalBytes - this.#limits.maxTotalBytes / 16;
    while (this.#totalBytes > goal) {
      const biggest = this.#biggest();
      if (biggest === undefined || biggest.buffer.size === 0) return;
      this.#shrink(biggest, goal);
    }
  }

  /** Down to three quarters of its size at most at once: the next round may find another to be the biggest. */
  #shrink(source: Source, goal: number): void {
    const floor = source.buffer.bytes * 0.75;
    while (source.buffer.size > 0 && source.buffer.bytes >= floor && this.#totalBytes > goal) {
      const before = source.buffer.bytes;
      dropOldest(source);
      this.#totalBytes -= before - source.buffer.bytes;
    }
  }

  #biggest(): Source | undefined {
    let biggest: Source | undefined;
    for (const source of this.#sources.values()) {
      if (biggest === undefined || source.buffer.bytes > biggest.buffer.bytes) biggest = source;
    }
    return biggest;
  }
}

function newSource(): Source {
  return { buffer: new SourceBuffer(), expired: 0, latestGauges: new Map(), tags: new Map() };
}

function dropOldest(source: Source): void {
  source.buffer.dropOldest();
  source.expired += 1;
}

function sharedTags(source: Source, tags: Envelope["tags"]): Envelope["tags"] {
  const key = JSON.stringify(tags);
  const known = source.tags.get(key);
  if (known !== undefined) return known;
  dropFirstBeyond(source.tags, maxKeysPerSource - 1);
  source.tags.set(key, tags);
  return tags;
}

/** Each process of an app counts its instances from 0, all under the one source. */
function rememberGauge(source: Source, gauge: Gauge): void {
  const instance = `${gauge.tags["process_id"] ?? ""} ${gauge.instanceId}`;
  const known = source.latestGauges.get(instance);
  if (known !== undefined && known.timestamp > gauge.timestamp) return;
  source.latestGauges.delete(instance);
  dropFirstBeyond(source.latestGauges, maxKeysPerSource - 1);
  source.latestGauges.set(instance, gauge);
}

function dropFirstBeyond(map: Map<string, unknown>, size: number): void {
  if (map.size <= size) return;
  const [first] = map.keys();
  if (first !== undefined) map.delete(first);
}

function isWanted(envelope: Envelope, query: ReadQuery): boolean {
  const { types, nameFilter } = query;
  if (types.length > 0 && !types.includes("ANY") && !types.includes(envelope.kind)) return false;
  if (nameFilter === undefined) return true;
  if (envelope.kind === "LOG") return false;
  return Object.keys(envelope.metrics).some((name) => nameFilter.test(name));
}
