import type { Clock } from "#kernel/clock/clock.ts";
import { storedBoolean, touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { App, AppFeatures } from "./app-table.ts";

export const appFeatures = {
  ssh: { column: "enableSsh", description: "Enable SSHing into the app." },
  revisions: { column: "revisionsEnabled", description: "Enable versioning of an application" },
  "service-binding-k8s": {
    column: "serviceBindingK8sEnabled",
    description: "Enable k8s service bindings for the app",
  },
  "file-based-vcap-services": {
    column: "fileBasedVcapServicesEnabled",
    description: "Enable file-based VCAP service bindings for the app",
  },
} as const satisfies Record<keyof AppFeatures, { column: string; description: string }>;

export type FeatureName = keyof typeof appFeatures;

export function isFeature(name: string): name is FeatureName {
  return Object.hasOwn(appFeatures, name);
}

/** @throws 422 for a feature that does not exist, and for the two ways to bind services together */
export async function setFeatures(
  db: Executor,
  clock: Clock,
  { app, features }: { readonly app: App; readonly features: Readonly<Record<string, boolean>> },
): Promise<void> {
  const names = Object.keys(features);
  if (names.length === 0) return;
  const unknown = names.filter((name) => !isFeature(name));
  if (unknown.length > 0) {
    throw unprocessable(`Features must be a map of valid feature names: ${unknown.join(", ")}`);
  }
  const after: Readonly<Record<string, boolean>> = { ...app.features, ...features };
  if (after["service-binding-k8s"] === true && after["file-based-vcap-services"] === true) {
    throw unprocessable(
      "'file-based-vcap-services' and 'service-binding-k8s' features cannot be enabled at the same time.",
    );
  }
  const columns = Object.fromEntries(
    names
      .filter(isFeature)
      .map((name) => [appFeatures[name].column, storedBoolean(features[name] === true)]),
  );
  await db
    .updateTable("apps")
    .set({ ...touched(clock), ...columns })
    .where("guid", "=", app.guid)
    .execute();
}
