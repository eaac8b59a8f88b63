import { randomUUID } from "node:crypto";

/**
 * A Cloud Foundry identifier with its kind in the type, so that a space's guid cannot stand where an app's is asked
 * for. At run time it is the plain string (a UUIDv4 where we made it).
 */
export type Guid<Kind extends string> = string & { readonly __guid: Kind };

export type GuidSource = () => string;

export const randomGuids: GuidSource = () => randomUUID();

/** Marks a string that came in at a boundary as a guid of that kind. */
export function asGuid<Kind extends string>(value: string): Guid<Kind> {
  return value as Guid<Kind>;
}
