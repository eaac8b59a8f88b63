import { shownKey } from "./shown-url.ts";

/** What a person knows the buildpack of a key by. */
export type BuildpackNames = (key: string) => string;

/**
 * Keys of buildpacks that Cloud Controller knows are guids and checksums; it gives their names beside, as JSON of key to
 * name. A key without a name, a URL's among them, is shown as it may be.
 */
export function readBuildpackNames(json: string | undefined): BuildpackNames {
  const names = parsed(json);
  return (key) => {
    const name = names[key];
    return typeof name === "string" && name !== "" ? name : shownKey(key);
  };
}

function parsed(json = ""): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
