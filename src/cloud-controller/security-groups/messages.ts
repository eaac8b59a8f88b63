import { z } from "zod";
import { toManyRelationship } from "../http/parse-message.ts";
import { requiredName } from "../http/resource-name.ts";
import { ruleFaults, type RuleOptions } from "./rule-faults.ts";

const name = requiredName(250).regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: "is invalid" });

const globallyEnabled = z
  .record(z.string(), z.unknown(), { error: "must be an object" })
  .nullable()
  .optional()
  .transform((flags, context) => {
    const report = (message: string) => context.addIssue({ code: "custom", message });
    const { running, staging, ...others } = flags ?? {};
    if (Object.keys(others).length > 0) report("only allows keys 'running' or 'staging'");
    const isFlag = (value: unknown) => value === undefined || typeof value === "boolean";
    if (!isFlag(running) || !isFlag(staging)) report("values must be booleans");
    return { running: asFlag(running), staging: asFlag(staging) };
  });

function asFlag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function rulesSchema(options: RuleOptions) {
  return z.array(z.unknown(), { error: "must be an array" }).superRefine((rules, context) => {
    for (const message of ruleFaults(rules, options)) {
      context.addIssue({ code: "custom", message, path: [] });
    }
  });
}

export function createSecurityGroupMessage(options: RuleOptions) {
  return z.strictObject({
    name,
    globally_enabled: globallyEnabled,
    rules: rulesSchema(options).optional(),
    relationships: z
      .object(
        {
          running_spaces: toManyRelationship("running_spaces").optional(),
          staging_spaces: toManyRelationship("staging_spaces").optional(),
        },
        { error: "'relationships' is not an object" },
      )
      .refine((given) => Object.keys(given).length > 0, {
        error: "'relationships' must include one or more valid relationships",
      })
      .optional(),
  });
}

export function updateSecurityGroupMessage(options: RuleOptions) {
  return z.strictObject({
    name: name.optional(),
    globally_enabled: globallyEnabled,
    rules: rulesSchema(options).optional(),
  });
}
