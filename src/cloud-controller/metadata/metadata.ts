import { sql, type Expression, type Selectable } from "kysely";
import { z } from "zod";
import { isOneOf } from "../http/page.ts";
import { CfError } from "../http/cf-errors.ts";
import type { Executor } from "../database/schema.ts";
import { annotationValueFault, keyFault, labelValueFault } from "./metadata-key.ts";
import type { MetadataOwner, MetadataTable } from "./metadata-table.ts";

/** What a resource shows. */
export interface Metadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const noMetadata: Metadata = { labels: {}, annotations: {} };

/** What a body asks for; null removes a key. */
export type MetadataPatch = z.infer<typeof metadataSchema>;

const maximumLabels = 50;
const maximumAnnotations = 200;

/** Numbers and booleans, frequent in manifests (`tier: 1`), are kept as texts, as the original's columns do. */
const value = (fault: (given: string) => string) =>
  z
    .union([z.string(), z.number(), z.boolean()], {
      error: ({ input }) => fault(JSON.stringify(input)),
    })
    .transform(String)
    .nullable();

const values = (kind: "labels" | "annotations", fault: (given: string) => string) =>
  z
    .record(z.string(), value(fault), { error: `Metadata '${kind}' is not an object` })
    // Null asks for nothing.
    .nullish();

/** The `metadata` of a body, checked by Cloud Controller's rules for keys and values. */
export const metadataSchema = z
  .strictObject(
    {
      labels: values(
        "labels",
        (given) => `Metadata label value error: '${given}' contains invalid characters`,
      ),
      annotations: values("annotations", () => "Metadata annotation value error: must be a string"),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys"
          ? `Metadata has unexpected field(s): ${issue.keys.map((key) => `'${key}'`).join(" ")}`
          : "Metadata must be an object",
    },
  )
  .superRefine((metadata, context) => {
    for (const [key, value] of Object.entries(metadata.labels ?? {})) {
      report(keyFault(key), "label key");
      report(value === null ? undefined : labelValueFault(value), "label value");
    }
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
      // A key that is to be removed may be anything.
      report(value === null || value === "" ? undefined : keyFault(key), "annotation key");
      report(value === null ? undefined : annotationValueFault(value), "annotation value");
    }
    function report(fault: string | undefined, where: string): void {
      if (fault === undefined) return;
      context.addIssue({ code: "custom", message: `Metadata ${where} error: ${fault}` });
    }
  });

/** Applies a patch: given keys are set, null removes, others stay. */
export async function updateMetadata(
  db: Executor,
  owner: { readonly type: MetadataOwner; readonly guid: string },
  patch: MetadataPatch | undefined,
): Promise<void> {
  if (patch === undefined) return;
  await updateKind(db, owner, { kind: "label", values: patch.labels ?? {} });
  await updateKind(db, owner, { kind: "annotation", values: patch.annotations ?? {} });
}

async function updateKind(
  db: Executor,
  owner: { readonly type: MetadataOwner; readonly guid: string },
  change: {
    readonly kind: "label" | "annotation";
    readonly values: Readonly<Record<string, string | null>>;
  },
): Promise<void> {
  const entries = Object.entries(change.values);
  if (entries.length === 0) return;
  const owned = { resourceType: owner.type, resourceGuid: owner.guid, kind: change.kind };
  const removed = entries.filter(([, value]) => value === null).map(([key]) => key);
  if (removed.length > 0) {
    await db
      .deleteFrom("metadata")
      .where("resourceType", "=", owner.type)
      .where("resourceGuid", "=", owner.guid)
      .where("kind", "=", change.kind)
      .where("key", "in", removed)
      .execute();
  }
  const set = entries.flatMap(([key, value]) => (value === null ? [] : [{ ...owned, key, value }]));
  if (set.length === 0) return;
  await db
    .insertInto("metadata")
    .values(set)
    .onConflict((conflict) =>
      conflict
        .columns(["resourceType", "resourceGuid", "kind", "key"])
        .doUpdateSet((eb) => ({ value: eb.ref("excluded.value") })),
    )
    .execute();
  await refuseTooMany(db, owner, change.kind);
}

async function refuseTooMany(
  db: Executor,
  owner: { readonly type: MetadataOwner; readonly guid: string },
  kind: "label" | "annotation",
): Promise<void> {
  const { count } = await db
    .selectFrom("metadata")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("resourceType", "=", owner.type)
    .where("resourceGuid", "=", owner.guid)
    .where("kind", "=", kind)
    .executeTakeFirstOrThrow();
  if (kind === "label" && count > maximumLabels) {
    throw new CfError(
      "LabelLimitExceeded",
      `Failed to add ${count} labels because it would exceed maximum of ${maximumLabels}`,
    );
  }
  if (kind === "annotation" && count > maximumAnnotations) {
    throw new CfError(
      "AnnotationLimitExceeded",
      `Failed to add ${count} annotations because it would exceed maximum of ${maximumAnnotations}`,
    );
  }
}

/** The metadata of a page of resources in one query; those that have none are not among it. */
export async function loadMetadata(
  db: Executor,
  type: MetadataOwner,
  guids: readonly string[],
): Promise<ReadonlyMap<string, Metadata>> {
  if (guids.length === 0) return new Map();
  return (await loadMetadataOf(db, [{ type, guids }]))(type);
}

interface Owners {
  readonly type: MetadataOwner;
  /** Or the query that tells them. */
  readonly guids: readonly string[] | Expression<unknown>;
}

/** The metadata of resources of several types in one query; each type's as `loadMetadata` tells it. */
export async function loadMetadataOf(
  db: Executor,
  [first, ...others]: readonly [Owners, ...Owners[]],
): Promise<(type: MetadataOwner) => ReadonlyMap<string, Metadata>> {
  const rows = await others
    .reduce((query, next) => query.unionAll(storedMetadata(db, next)), storedMetadata(db, first))
    .orderBy("key")
    .execute();
  return (type) => byResource(rows.filter(({ resourceType }) => resourceType === type));
}

function storedMetadata(db: Executor, { type, guids }: Owners) {
  const guid = sql.ref("metadata.resourceGuid");
  return db
    .selectFrom("metadata")
    .selectAll()
    .where("resourceType", "=", type)
    .where(isList(guids) ? isOneOf(guid, guids) : sql<boolean>`${guid} in ${guids}`);
}

/** What `Array.isArray` says of lists that are read only. */
function isList(guids: Owners["guids"]): guids is readonly string[] {
  return Array.isArray(guids);
}

function byResource(rows: readonly Selectable<MetadataTable>[]): ReadonlyMap<string, Metadata> {
  const found = new Map<string, Record<"labels" | "annotations", Record<string, string>>>();
  for (const { resourceGuid, kind, key, value } of rows) {
    const metadata = found.get(resourceGuid) ?? {
      // Without a prototype: a key may be any text.
      labels: Object.create(null) as Record<string, string>,
      annotations: Object.create(null) as Record<string, string>,
    };
    metadata[kind === "label" ? "labels" : "annotations"][key] = value;
    found.set(resourceGuid, metadata);
  }
  return found;
}

export async function deleteMetadata(
  db: Executor,
  type: MetadataOwner,
  guids: readonly string[],
): Promise<void> {
  if (guids.length === 0) return;
  await db
    .deleteFrom("metadata")
    .where("resourceType", "=", type)
    .where(isOneOf(sql.ref("metadata.resourceGuid"), guids))
    .execute();
}
