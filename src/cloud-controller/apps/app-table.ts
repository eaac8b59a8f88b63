import type { Selectable } from "kysely";
import { z } from "zod";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface AppTable extends RecordColumns {
  readonly name: string;
  /** Finds it by its name (`database/name-key.ts`). */
  readonly nameKey: string;
  readonly spaceGuid: string;
  readonly desiredState: AppState;
  /** The current droplet. */
  readonly dropletGuid: string | null;
  readonly lifecycleType: LifecycleType;
  /** Name of the stack; null for docker apps. */
  readonly stack: string | null;
  /** JSON array of names of admin buildpacks and URLs; empty: detect. */
  readonly buildpacks: string;
  /** JSON object. */
  readonly environmentVariables: string;
  readonly enableSsh: StoredBoolean;
  readonly revisionsEnabled: StoredBoolean;
  readonly serviceBindingK8sEnabled: StoredBoolean;
  readonly fileBasedVcapServicesEnabled: StoredBoolean;
}

export type AppState = "STOPPED" | "STARTED";
const lifecycleTypes = ["buildpack", "docker", "cnb"] as const;
export type LifecycleType = (typeof lifecycleTypes)[number];

export function isLifecycleType(text: string): text is LifecycleType {
  return lifecycleTypes.some((type) => type === text);
}

export interface App {
  readonly id: number;
  readonly guid: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  readonly spaceGuid: string;
  readonly state: AppState;
  readonly dropletGuid: string | null;
  readonly lifecycle: Lifecycle;
  readonly environmentVariables: Readonly<Record<string, unknown>>;
  readonly features: AppFeatures;
}

export interface Lifecycle {
  readonly type: LifecycleType;
  readonly buildpacks: readonly string[];
  readonly stack: string | null;
}

export interface AppFeatures {
  readonly ssh: boolean;
  readonly revisions: boolean;
  readonly "service-binding-k8s": boolean;
  readonly "file-based-vcap-services": boolean;
}

const buildpacksColumn = z.array(z.string());
const variablesColumn = z.record(z.string(), z.unknown());

/** What `presentApp` shows: lists do not read the environments, which are the largest part of an app. */
export type ShownApp = Omit<App, "id" | "environmentVariables" | "features">;

export const shownColumns = [
  "apps.guid",
  "apps.createdAt",
  "apps.updatedAt",
  "apps.name",
  "apps.spaceGuid",
  "apps.desiredState",
  "apps.dropletGuid",
  "apps.lifecycleType",
  "apps.stack",
  "apps.buildpacks",
] as const;

type ShownRow = Pick<
  Selectable<AppTable>,
  | "guid"
  | "createdAt"
  | "updatedAt"
  | "name"
  | "spaceGuid"
  | "desiredState"
  | "dropletGuid"
  | "lifecycleType"
  | "stack"
  | "buildpacks"
>;

export function toShownApp(row: ShownRow): ShownApp {
  return {
    guid: row.guid,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    name: row.name,
    spaceGuid: row.spaceGuid,
    state: row.desiredState,
    dropletGuid: row.dropletGuid,
    lifecycle: {
      type: row.lifecycleType,
      buildpacks: buildpacksColumn.parse(JSON.parse(row.buildpacks)),
      stack: row.stack,
    },
  };
}

export function toApp(row: Selectable<AppTable>): App {
  return {
    ...toShownApp(row),
    id: row.id,
    environmentVariables: variablesColumn.parse(JSON.parse(row.environmentVariables)),
    features: {
      ssh: row.enableSsh === 1,
      revisions: row.revisionsEnabled === 1,
      "service-binding-k8s": row.serviceBindingK8sEnabled === 1,
      "file-based-vcap-services": row.fileBasedVcapServicesEnabled === 1,
    },
  };
}
