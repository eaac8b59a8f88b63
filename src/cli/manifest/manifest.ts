import { parse, stringify, type SchemaOptions } from "yaml";
import { z } from "zod";
import { Failure } from "../failure.ts";

/** Texts in the model that people write as numbers: `memory: 256` is sent as "256", as the official client does. */
const text = z.union([z.string(), z.number()]).transform(String);

const sizes = {
  instances: z.number().nullish(),
  memory: text.nullish(),
  "health-check-type": z.string().nullish(),
  "health-check-http-endpoint": z.string().nullish(),
  timeout: z.number().nullish(),
  "log-rate-limit-per-second": text.nullish(),
};

const processSchema = z
  .looseObject({
    ...sizes,
    disk_quota: text.nullish(),
    "disk-quota": text.nullish(),
    type: z.string(),
  })
  .transform(({ disk_quota: old, "disk-quota": current, ...rest }) => ({
    ...rest,
    disk_quota: onlyOne(old, current),
  }));

const applicationSchema = z
  .looseObject({
    ...sizes,
    name: text.nullish(),
    disk_quota: text.nullish(),
    "disk-quota": text.nullish(),
    docker: z
      .looseObject({ image: z.string().nullish(), username: z.string().nullish() })
      .nullish(),
    path: z.string().nullish(),
    processes: z.array(processSchema).nullish(),
    "no-route": z.boolean().nullish(),
    "random-route": z.boolean().nullish(),
    "default-route": z.boolean().nullish(),
    stack: z.string().nullish(),
    lifecycle: z.string().nullish(),
  })
  .transform(({ disk_quota: old, "disk-quota": current, ...rest }) => ({
    ...rest,
    "disk-quota": onlyOne(old, current),
  }));

const documentSchema = z.looseObject({
  version: z.number().optional(),
  applications: z.array(applicationSchema).nullish(),
});

export type ManifestProcess = z.infer<typeof processSchema>;
export type ManifestApplication = z.infer<typeof applicationSchema>;

export interface Manifest {
  /** The file it was read from; undefined for one that was made up because there is none. */
  readonly file: string | undefined;
  readonly version: number | undefined;
  readonly applications: readonly ManifestApplication[];
}

/** YAML 1.1 as the server's Ruby and the official client read it, without its dates and base-60 numbers. */
const schema: SchemaOptions & { version: "1.1" } = {
  version: "1.1",
  merge: true,
  customTags: (tags) =>
    tags.filter((tag) => {
      if (typeof tag === "string") return true;
      return (
        tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME")
      );
    }),
};

export function parseYaml(source: string): unknown {
  return parse(source, { ...schema, maxAliasCount: 1_000 });
}

export function toYaml(value: unknown): string {
  return stringify(value, {
    ...schema,
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

export function parseManifest(file: string, document: unknown): Manifest {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues.at(0);
    throw new Failure(
      `Unable to push app because manifest ${file} is not valid: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  const { applications, version } = parsed.data;
  if (applications === undefined || applications === null || applications.length === 0) {
    throw new Failure("Manifest must have at least one application.");
  }
  return { file, version, applications };
}

export function generatedManifest(name: string | undefined): Manifest {
  const application = applicationSchema.parse(name === undefined ? {} : { name });
  return { file: undefined, version: undefined, applications: [application] };
}

const applicationKeys = [
  "name",
  "disk-quota",
  "docker",
  "health-check-type",
  "health-check-http-endpoint",
  "timeout",
  "instances",
  "path",
  "processes",
  "memory",
  "no-route",
  "random-route",
  "default-route",
  "stack",
  "log-rate-limit-per-second",
  "lifecycle",
];

const processKeys = [
  "disk_quota",
  "health-check-http-endpoint",
  "health-check-type",
  "timeout",
  "instances",
  "memory",
  "type",
  "log-rate-limit-per-second",
];

/** The manifest as it goes to the server: `applications` and `version` only, known keys first, others by name. */
export function manifestYaml(manifest: Manifest): string {
  const applications = manifest.applications.map((application) => {
    const processes = application.processes?.map((process) => ordered(process, processKeys));
    const all = processes === undefined ? application : { ...application, processes };
    return ordered(all, applicationKeys);
  });
  return toYaml({
    applications,
    ...(manifest.version === undefined ? {} : { version: manifest.version }),
  });
}

/** Known keys that hold nothing are left out; other keys pass through untouched, null included. */
function ordered(value: object, known: readonly string[]): Record<string, unknown> {
  const entries = new Map<string, unknown>(Object.entries(value));
  const first = known.flatMap((key) => {
    const held = entries.get(key);
    const isEmpty = held === undefined || held === null || held === false || held === "";
    return isEmpty ? [] : [[key, held] as const];
  });
  const rest = [...entries]
    .filter(([key, held]) => !known.includes(key) && held !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries([...first, ...rest]);
}

function onlyOne(
  old: string | null | undefined,
  current: string | null | undefined,
): string | undefined {
  if (typeof old === "string" && typeof current === "string") {
    throw new Failure("cannot define both `disk_quota` and `disk-quota`");
  }
  return current ?? old ?? undefined;
}
