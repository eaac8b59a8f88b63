import assert from "node:assert/strict";
import { addClient, homeOf } from "./uaa-requests.ts";
import type { World } from "./world.ts";

/** A pipeline that logs in as a client of UAA and works in the space that it has a role in. */
export async function clientWithRole(world: World): Promise<void> {
  await addClient(world, {
    client_id: "cf-pipeline",
    client_secret: "secret",
    authorized_grant_types: ["client_credentials"],
    authorities: ["cloud_controller.read", "cloud_controller.write"],
  });
  const home = homeOf(world, "cf-pipeline");
  await world.cfWith(home, "api", world.entrance);
  await world.cfWith(home, "auth", "cf-pipeline", "secret", "--client-credentials");
  assert.match(await world.cfWith(home, "orgs"), /\nNo orgs found\.\n/);
  const place = ["conformance", "dev"];
  await world.cf("set-space-role", "cf-pipeline", ...place, "SpaceDeveloper", "--client");
  const [organization = "", space = ""] = place;
  await world.cfWith(home, "target", "-o", organization, "-s", space);
  assert.match(await world.cfWith(home, "apps"), /demo\s+started/);
  await world.cfWith(home, "create-app", "of-the-pipeline");
  await world.cfWith(home, "delete", "-f", "of-the-pipeline");
}
