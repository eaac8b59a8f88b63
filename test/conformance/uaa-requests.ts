import assert from "node:assert/strict";
import { z } from "zod";
import type { World } from "./world.ts";

export const basicCf = `Basic ${btoa("cf:")}`;

/** What the client sends to the token endpoint. */
export function tokenRequest(form: Readonly<Record<string, string>>, authorization = basicCf) {
  return {
    authorization,
    contentType: "application/x-www-form-urlencoded",
    body: new URLSearchParams(form).toString(),
  };
}

/** Adds a client of UAA as an operator does, with the platform's own. */
export async function addClient({ platform }: World, client: object): Promise<void> {
  const { uaa, adminClient } = platform.addresses;
  const basic = btoa(`${adminClient.id}:${adminClient.secret}`);
  const granting = tokenRequest({ grant_type: "client_credentials" }, `Basic ${basic}`);
  const answer = await fetch(`${uaa}/oauth/token`, {
    method: "POST",
    headers: { authorization: granting.authorization, "content-type": granting.contentType },
    body: granting.body,
  });
  const { access_token: token } = z.object({ access_token: z.string() }).parse(await answer.json());
  const made = await fetch(`${uaa}/oauth/clients`, {
    method: "POST",
    headers: { authorization: `bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(client),
  });
  assert.equal(made.status, 201, await made.text());
}

/** What a client needs to read the whole platform for itself. */
export const reader = {
  authorized_grant_types: ["client_credentials"],
  authorities: ["cloud_controller.read", "cloud_controller.admin_read_only"],
};

/** A home of the official client of its own. */
export const homeOf = ({ platform }: World, name: string) => ({
  env: { CF_HOME: `${platform.dataDir}/cf-home-of-${name}` },
});
