import { z } from "zod";
import { unprocessable } from "../http/cf-errors.ts";

/**
 * What names a variable may have, for apps and for the groups: VCAP_ is the platform's, VMC_ was. Texts of Cloud
 * Controller's EnvironmentVariablesValidator.
 */
export function environmentKeyFault(key: string): string | undefined {
  if (key === "") return "key must be a minimum length of 1";
  if (/^vcap_/i.test(key)) return "cannot start with VCAP_";
  if (/^vmc/i.test(key)) return "cannot start with VMC_";
  if (/^port$/i.test(key)) return "cannot set PORT";
  // The original stores these, and the container then has another variable or none.
  if (/[=\p{Cc}]/u.test(key)) return "key must not contain '=' or control characters";
  return undefined;
}

/** Bytes of `NAME=VALUE` that Linux hands to a program. */
const longestVariable = 131_071;
/** Bytes of all of them: the system's limit is twice that, for arguments and the platform's own variables too. */
const longestEnvironment = 1024 * 1024;

/**
 * Refuses what no process could be started with.
 *
 * @throws 422 that names the variable
 */
export function requireFits(variables: Readonly<Record<string, unknown>>): void {
  let total = 0;
  for (const [key, value] of Object.entries(variables)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const bytes = Buffer.byteLength(key) + 1 + Buffer.byteLength(text);
    total += bytes + 1;
    if (bytes > longestVariable) {
      throw unprocessable(
        `Environment variable '${key}' is too long (maximum is ${longestVariable} bytes of name and value)`,
      );
    }
  }
  if (total > longestEnvironment) {
    throw unprocessable(
      `Environment variables are too long (maximum is ${longestEnvironment} bytes in all)`,
    );
  }
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
    else if (value === null || typeof value === "string") {
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
