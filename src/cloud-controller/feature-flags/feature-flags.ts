import type { Executor } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";

/** Cloud Controller's flags with their defaults (app/models/runtime/feature_flag.rb). */
export const featureFlagDefaults = {
  user_org_creation: false,
  private_domain_creation: true,
  app_bits_upload: true,
  app_scaling: true,
  route_creation: true,
  service_instance_creation: true,
  diego_docker: false,
  diego_cnb: false,
  set_roles_by_username: true,
  unset_roles_by_username: true,
  task_creation: true,
  env_var_visibility: true,
  space_scoped_private_broker_creation: true,
  space_developer_env_var_visibility: true,
  service_instance_sharing: false,
  hide_marketplace_from_unauthenticated_users: false,
  resource_matching: true,
  route_sharing: false,
  hash_based_routing: false,
} as const;

export type FeatureFlagName = keyof typeof featureFlagDefaults;

export function isFeatureFlag(name: string): name is FeatureFlagName {
  return Object.hasOwn(featureFlagDefaults, name);
}

export async function isEnabled(db: Executor, name: FeatureFlagName): Promise<boolean> {
  const row = await db
    .selectFrom("featureFlags")
    .select("enabled")
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? featureFlagDefaults[name] : row.enabled === 1;
}

/** @throws 403 330002 with the flag's name, or the operator's own message */
export async function requireEnabled(db: Executor, name: FeatureFlagName): Promise<void> {
  const row = await db
    .selectFrom("featureFlags")
    .select(["enabled", "customErrorMessage"])
    .where("name", "=", name)
    .executeTakeFirst();
  const enabled = row === undefined ? featureFlagDefaults[name] : row.enabled === 1;
  if (enabled) return;
  throw new CfError("FeatureDisabled", `Feature Disabled: ${row?.customErrorMessage ?? name}`);
}
