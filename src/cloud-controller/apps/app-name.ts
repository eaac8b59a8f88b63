import { z } from "zod";
import { unprocessable } from "../http/cf-errors.ts";

/** As a message has it: what else is wrong with a name is the app's own to say (`appNameFaults`). */
export const appName = z
  .string()
  .transform((text) => text.trim())
  .pipe(z.string().max(255));

/** The original's words (AppModel#validate), which are names of rules; null is as good as nothing. */
export function appNameFaults(name: string | null): string[] {
  const isBlank = name === null || name === "";
  const isPrintable = /^[^\p{Cc}\p{Cs}]+$/u.test(name ?? "");
  return [...(isBlank ? ["name presence"] : []), ...(isPrintable ? [] : ["name format"])];
}

/** @throws 422 with all that is wrong with it */
export function requireAppName(name: string | null): string {
  const faults = appNameFaults(name);
  if (name === null || faults.length > 0) throw unprocessable(faults.join(", "));
  return name;
}
