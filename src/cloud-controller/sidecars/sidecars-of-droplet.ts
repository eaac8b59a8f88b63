import type { Clock } from "#kernel/clock/clock.ts";
import type { Executor } from "../database/schema.ts";
import type { Droplet } from "../droplets/droplet-table.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { sidecarsOfApp } from "./find-sidecar.ts";
import { createSidecar } from "./sidecar-create.ts";

/** The buildpacks' sidecars of an app become those of its new current droplet; the users' own stay. */
export async function takeSidecarsOfDroplet(
  db: Executor,
  clock: Clock,
  { appGuid, droplet }: { readonly appGuid: string; readonly droplet: Droplet },
): Promise<void> {
  await db
    .deleteFrom("sidecars")
    .where("appGuid", "=", appGuid)
    .where("origin", "=", "buildpack")
    .execute();
  const taken = new Set((await sidecarsOfApp(db, appGuid)).map(({ name }) => name));
  for (const sidecar of droplet.sidecars) {
    if (taken.has(sidecar.name)) throw unprocessable(conflict(sidecar.name));
    await createSidecar(db, clock, { appGuid, sidecar, origin: "buildpack" });
  }
}

function conflict(name: string): string {
  return (
    `Buildpack defined sidecar '${name}' conflicts with an existing user-defined sidecar. ` +
    `Consider renaming '${name}'.`
  );
}
