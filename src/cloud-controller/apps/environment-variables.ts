import { z } from "zod";

/**
 * What names a variable may have, for apps and for the groups: VCAP_ is the platform's, VMC_ was. Texts of Cloud
 * Controller's EnvironmentVariablesValidator.
 */
export function environmentKeyFault(key: string): string | undefined {
  if (key === "") return "cannot set empty key";
  if (/^vcap_/i.test(key)) return "cannot start with VCAP_";
  if (/^vmc/i.test(key)) return "cannot start with VMC_";
  if (key === "PORT") return "cannot set PORT";
  return undefined;
}

function reportKeyFaults(variables: object, context: z.core.$RefinementCtx): void {
  for (const key of Object.keys(variables)) {
    const fault = environmentKeyFault(key);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  }
}

/** The `environment_variables` of a new app: its values need not be strings there. */
export const initialVariables = z
  .record(z.string(), z.unknown(), { error: "must be an object" })
  .superRefine(reportKeyFaults);

const variablesPatch = z.record(z.string(), z.unknown()).transform((variables, context) => {
  const patch: Record<string, string | null> = Object.create(null);
  for (const [key, value] of Object.entries(variables)) {
    const fault = environmentKeyFault(key);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    if (value === null || typeof value === "string") {
      patch[key] = value;
    } else {
      context.addIssue({
        code: "custom",
        message: `Non-string value in environment variable for key '${key}', value '${JSON.stringify(value)}'`,
      });
    }
  }
  return patch;
});

/** The body `{"var": {...}}` of a change. */
export const environmentVariablesMessage = z.strictObject({ var: variablesPatch });

/** Sets what is given, removes what is null, keeps the rest. */
export function mergeVariables<Value>(
  current: Readonly<Record<string, Value>>,
  patch: Readonly<Record<string, Value | string | null>>,
): Record<string, Value | string> {
  const merged = new Map<string, Value | string>(Object.entries(current));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}
