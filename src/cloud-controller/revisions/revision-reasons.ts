import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "./revision-table.ts";

/** Why the second is another revision than the first: Cloud Controller's sentences, sorted; none where it is the same. */
export function revisionReasons(from: Configuration, to: Configuration): string[] {
  const reasons = commandReasons(from.commands, to.commands);
  if (from.dropletGuid !== to.dropletGuid) reasons.push("New droplet deployed.");
  if (!isDeepStrictEqual(from.environmentVariables, to.environmentVariables)) {
    reasons.push("New environment variables deployed.");
  }
  if (!isDeepStrictEqual(comparable(from.sidecars), comparable(to.sidecars))) {
    reasons.push("Sidecars updated.");
  }
  return reasons.sort();
}

function commandReasons(from: Configuration["commands"], to: Configuration["commands"]): string[] {
  const types = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...types].flatMap((type) => {
    const before = from[type];
    const after = to[type];
    if (before === after) return [];
    if (before === undefined) return [`New process type '${type}' added.`];
    if (after === undefined) return [`Process type '${type}' removed.`];
    const what = before === null ? "added" : after === null ? "removed" : "updated";
    return [`Custom start command ${what} for '${type}' process.`];
  });
}

/** In any order, and whatever their memory: the original compares neither. */
function comparable(sidecars: Configuration["sidecars"]) {
  return sidecars
    .map(({ name, command, processTypes }) => ({ name, command, types: [...processTypes].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
