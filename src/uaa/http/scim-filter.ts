import { UaaError } from "../uaa-error.ts";
import type { UserFilter } from "../users/user-table.ts";

const attributes: Readonly<Record<string, keyof UserFilter>> = {
  id: "guid",
  username: "userName",
  origin: "origin",
};

/**
 * Parses the filters that the official client and Cloud Controller send: `userName eq "U" and origin eq "O"`, `id eq
 * "G"`. Of SCIM's grammar that is all.
 *
 * @throws UaaError `invalid_scim_resource`
 */
export function parseScimFilter(text: string): UserFilter {
  const filter: { -readonly [K in keyof UserFilter]: UserFilter[K] } = {};
  const term = /\s*(\w+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*(and\b|$)/iy;
  for (;;) {
    const match = term.exec(text);
    const [, attribute = "", value = "", joint] = match ?? [];
    const key = attributes[attribute.toLowerCase()];
    if (key === undefined || joint === undefined || filter[key] !== undefined) {
      throw new UaaError(
        "invalid_scim_resource",
        `Invalid filter expression: [${text.slice(0, 256)}]`,
      );
    }
    filter[key] = value.replace(/\\(.)/g, "$1");
    if (joint === "") return filter;
  }
}
