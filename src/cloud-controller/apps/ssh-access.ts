import type { Database } from "../database/schema.ts";
import { findSpace } from "../spaces/find-space.ts";
import type { App } from "./app-table.ts";

/** Why nobody may have a shell in a container of the app, in the words of `GET /v3/apps/:guid/ssh_enabled`; else empty. */
export async function sshRefusal(
  db: Database,
  { spaceGuid, features }: Pick<App, "spaceGuid" | "features">,
): Promise<string> {
  const space = await findSpace(db, spaceGuid);
  if (space?.allowSsh !== 1) return `ssh is disabled for space '${space?.name ?? ""}'`;
  return features.ssh ? "" : "ssh is disabled for app";
}
