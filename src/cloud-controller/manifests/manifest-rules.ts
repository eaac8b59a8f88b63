import type { Executor } from "../database/schema.ts";
import { isEnabled, requireEnabled, type FeatureFlagName } from "../feature-flags/feature-flags.ts";
import { CfError } from "../http/cf-errors.ts";
import type { OptionRules } from "../routes/route-options.ts";

/** What of a manifest depends on feature flags. */
export interface ManifestRules {
  /** Undefined: docker apps are let in. */
  readonly dockerFault: string | undefined;
  readonly cnbFault: string | undefined;
  readonly options: OptionRules;
}

export async function manifestRules(db: Executor): Promise<ManifestRules> {
  return {
    dockerFault: await disabledText(db, "diego_docker"),
    cnbFault: await disabledText(db, "diego_cnb"),
    options: { hash: await isEnabled(db, "hash_based_routing") },
  };
}

async function disabledText(db: Executor, flag: FeatureFlagName): Promise<string | undefined> {
  try {
    await requireEnabled(db, flag);
    return undefined;
  } catch (error) {
    if (error instanceof CfError && error.title === "FeatureDisabled") return error.message;
    throw error;
  }
}
