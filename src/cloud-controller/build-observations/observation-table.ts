import { z } from "zod";

export interface BuildObservationTable {
  readonly buildGuid: string;
  /** JSON of `Progress`. */
  readonly progress: string;
}

/** Lines as they came together. The first chunks up to a size are the log's head and stay; of the rest the last ones stay. */
export interface BuildLogChunkTable {
  readonly buildGuid: string;
  readonly firstLine: number;
  readonly lastLine: number;
  /** Of `content`. */
  readonly bytes: number;
  readonly part: "head" | "tail";
  /** JSON array of `LogLine`. */
  readonly content: string;
}

export interface BuildSpanTable {
  readonly buildGuid: string;
  /** 1, 2, 3, ... in the order in which the spans ended. */
  readonly number: number;
  /** JSON of `Span`. */
  readonly content: string;
}

export const logLineSchema = z.object({
  number: z.number(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  type: z.enum(["OUT", "ERR"]),
  /** `STG`, `CELL`, `API`. */
  source: z.string(),
  /** Of the builder: `detect`, `supply`, `finalize`, `compile`, `release`, `droplet`, `cache`, `download`. */
  phase: z.string().optional(),
  /** As its users know it: its name, or its URL without a password. */
  buildpack: z.string().optional(),
  text: z.string(),
});

export type LogLine = z.infer<typeof logLineSchema>;

export const spanSchema = z.object({
  /** What was done: a phase of the builder, or `place`, `container`, `download`, `process`, `upload` of the cell. */
  name: z.string(),
  /** To what; of a phase its buildpack, or nothing. */
  subject: z.string(),
  from: z.enum(["cell", "builder"]),
  startedAt: z.number(),
  endedAt: z.number(),
  /** "ok", `exit status 1`, `interrupted`, or the reason; `failed` where that is the platform's own. */
  outcome: z.string(),
  /** Of a script: its path and its arguments. */
  command: z.array(z.string()).optional(),
  bytes: z.number().optional(),
  cached: z.boolean().optional(),
  outOfMemory: z.boolean().optional(),
  memoryPeakBytes: z.number().optional(),
  largestFolders: z.array(z.object({ path: z.string(), bytes: z.number() })).optional(),
  /** Of detect what it printed to be read by us; of what failed, the last that it said. */
  output: z.string().optional(),
  errors: z.string().optional(),
  /** Of detect: a file that it looks for, where it does not look. */
  nearest: z.string().optional(),
  /** Of detect: version of the buildpack, where it tells one. */
  version: z.string().optional(),
});

export type Span = z.infer<typeof spanSchema>;

const openPhase = z.object({
  name: z.string(),
  subject: z.string(),
  startedAt: z.number(),
  /** What it has said last, both outputs; for the developer who asks what went wrong. */
  said: z.string(),
  command: z.array(z.string()).optional(),
});

/** How far the observation of a build has come. */
export const progressSchema = z.object({
  run: z.string(),
  /** Number of the run's newest record. */
  record: z.number(),
  /** Lines so far, those that were cut among them. */
  lines: z.number(),
  headBytes: z.number(),
  tailBytes: z.number(),
  spans: z.number(),
  /** The phase that the builder is in. */
  phase: openPhase.optional(),
  /** When the builder's own clock was at 0, in ms since the epoch; known from its first word on. */
  builderStart: z.number().optional(),
  closed: z.boolean(),
});

export type Progress = z.infer<typeof progressSchema>;

export const nothingYet: Progress = {
  run: "",
  record: 0,
  lines: 0,
  headBytes: 0,
  tailBytes: 0,
  spans: 0,
  closed: false,
};
