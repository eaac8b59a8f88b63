import type { Action, Checksum } from "./action.ts";

/** The names of the fields that are missing or wrong, here and in inner actions; none where the action is valid. */
export function invalidActionFields(action: Action): string[] {
  switch (action.kind) {
    case "download":
      return [
        ...missing(action, ["from", "to", "user"]),
        ...invalidChecksumFields(action.checksum),
      ];
    case "upload":
      return missing(action, ["from", "to", "user"]);
    case "run":
      return missing(action, ["path", "user"]);
    case "timeout":
      return [
        ...(action.timeoutMs > 0 ? [] : ["timeout_ms"]),
        ...invalidActionFields(action.action),
      ];
    case "emitProgress":
    case "try":
      return invalidActionFields(action.action);
    case "parallel":
    case "serial":
    case "codependent":
      return [
        ...(action.actions.length > 0 ? [] : ["actions"]),
        ...action.actions.flatMap(invalidActionFields),
      ];
  }
}

export function invalidChecksumFields(checksum: Checksum | undefined): string[] {
  return checksum === undefined || checksum.value !== "" ? [] : ["checksum value"];
}

function missing<Field extends string>(
  action: Readonly<Record<Field, string>>,
  fields: readonly Field[],
): string[] {
  return fields.filter((field) => action[field] === "");
}
