import { exitStatus, failedWhile, StagingFailure } from "./staging-failure.ts";

/**
 * References to CredHub in VCAP_SERVICES would have to be resolved before a buildpack sees them. Rivera has no CredHub
 * and never sets the options; on a platform that does, staging must not go on with unresolved secrets.
 */
export function refuseCredhubReferences(env: Readonly<Record<string, string | undefined>>): void {
  const source = env["VCAP_PLATFORM_OPTIONS"] ?? "";
  if (source === "") return;
  let options: unknown;
  try {
    options = JSON.parse(source);
  } catch (error) {
    throw failedWhile("Invalid platform options", error, exitStatus.platformOptions);
  }
  if (typeof options !== "object" || options === null || !("credhub-uri" in options)) return;
  const references = (env["VCAP_SERVICES"] ?? "").includes('"credhub-ref"');
  if (!references || (env["CREDHUB_SKIP_INTERPOLATION"] ?? "") !== "") return;
  throw new StagingFailure(
    exitStatus.credhub,
    "Unable to interpolate credhub refs: this builder knows no CredHub",
  );
}
