import os from "node:os";
import { statfsSync } from "node:fs";
import { z } from "zod";
import { parseS3Url } from "#blobstore/s3-location.ts";
import { readSettingsFile } from "./settings-file.ts";
import { defaultSettings, withFlags, type Settings } from "./settings.ts";

/** What `rivera up` was asked for, complete and checked. */
export interface PlatformConfig {
  readonly dataDir: string;
  readonly host: string;
  /** Undefined: the one kept in the data folder, else the default. */
  readonly apiPort: number | undefined;
  readonly routerPort: number | undefined;
  readonly cells: number;
  /** By the number of a cell, counted from 1: the placement tag of the isolation segment that it serves. */
  readonly cellTags: ReadonlyMap<number, string>;
  readonly runtime: "auto" | "crun" | "runc" | "process";
  /** The default shared domain: apps answer at `<host>.<domain>`. */
  readonly domain: string;
  /** Of the file of `--config`, with what flags say instead. */
  readonly settings: Settings;
  /** URL of a PostgreSQL database. Undefined: the one kept in the data folder, else SQLite files there. */
  readonly databaseUrl: string | undefined;
  /** URL of an S3 bucket. Undefined: the one kept in the data folder, else the data folder itself. */
  readonly blobstoreUrl: string | undefined;
}

export const defaultApiPort = 9080;
export const defaultRouterPort = 8080;

const port = z.coerce
  .number("must be a number")
  .int("must be a whole number")
  .min(0)
  .max(65535, "must be at most 65535")
  .optional();

function requireS3Url(text: string, context: z.RefinementCtx): void {
  try {
    parseS3Url(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : "is no URL of S3";
    context.addIssue({ code: "custom", message });
  }
}

const flagsSchema = z.object({
  data: z.string(),
  config: z.string().optional(),
  database: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: "must be a URL like postgres://user:password@host/database",
    })
    .optional(),
  blobstore: z.string().superRefine(requireS3Url).optional(),
  port,
  "router-port": port,
  cells: z.coerce.number("must be a number").int().min(1).max(16).default(1),
  "cell-tags": z.string().default("").transform(parseCellTags),
  runtime: z.enum(["auto", "crun", "runc", "process"]).default("auto"),
  "staging-timeout": z.coerce.number("must be a number of seconds").int().min(1).optional(),
  "rate-limit": z.coerce.number("must be a number of requests").int().min(1).optional(),
  observe: z.enum(["on", "off"]).optional(),
  domain: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "must be a domain name such as apps.localhost")
    .default("apps.localhost"),
});

/** `2=secure,3=secure`; a cell without a tag is of the shared segment. */
function parseCellTags(text: string, context: z.RefinementCtx): ReadonlyMap<number, string> {
  const tags = new Map<number, string>();
  for (const part of text === "" ? [] : text.split(",")) {
    const [, cell, tag] = /^([1-9]\d?)=(.+)$/.exec(part) ?? [];
    if (cell === undefined || tag === undefined) {
      context.addIssue({ code: "custom", message: "must be like 2=SEGMENT,3=SEGMENT" });
      return z.NEVER;
    }
    tags.set(Number(cell), tag);
  }
  return tags;
}

/** @throws with one line that names the flag, or the line of the configuration file. */
export function platformConfig(flags: Readonly<Record<string, unknown>>): PlatformConfig {
  const parsed = flagsSchema.safeParse(flags);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`Cannot use --${issue?.path.join(".") ?? "?"}: ${issue?.message ?? "invalid"}`);
  }
  const { data } = parsed;
  return {
    dataDir: data.data,
    host: "127.0.0.1",
    apiPort: data.port,
    routerPort: data["router-port"],
    cells: data.cells,
    cellTags: data["cell-tags"],
    runtime: data.runtime,
    domain: data.domain,
    settings: withFlags(
      data.config === undefined ? defaultSettings() : readSettingsFile(data.config),
      {
        stagingTimeoutSeconds: data["staging-timeout"],
        rateLimit: data["rate-limit"],
        observe: data.observe === undefined ? undefined : data.observe === "on",
      },
    ),
    databaseUrl: data.database,
    blobstoreUrl: data.blobstore,
  };
}

/** A cell's share of the host: memory and disk divided evenly, 250 containers as in Diego. */
export function cellCapacity(config: Pick<PlatformConfig, "cells" | "dataDir">): {
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly containers: number;
} {
  const { bavail, bsize } = statfsSync(config.dataDir);
  return {
    memoryMb: Math.floor(os.totalmem() / 1024 ** 2 / config.cells),
    diskMb: Math.floor((bavail * bsize) / 1024 ** 2 / config.cells),
    containers: 250,
  };
}
