import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { z } from "zod";
import { addClient, homeOf, reader, tokenRequest } from "./uaa-requests.ts";
import type { World } from "./world.ts";

/** A user's ID token, as a program that logs them in by itself has one. */
async function idTokenOf({ platform }: World, username: string, password: string) {
  const { authorization, contentType, body } = tokenRequest({
    grant_type: "password",
    username,
    password,
  });
  const answer = await fetch(`${platform.addresses.uaa}/oauth/token`, {
    method: "POST",
    headers: { authorization, "content-type": contentType },
    body,
  });
  return z.object({ id_token: z.string() }).parse(await answer.json()).id_token;
}

/** `cf auth --assertion`: a user by a token, through a client that may; a client by a key of its own. */
export async function loginsByAssertion(
  world: World,
  username: string,
  password: string,
): Promise<void> {
  const home = homeOf(world, "cf-assertion");
  await world.cfWith(home, "api", world.entrance);
  const idToken = await idTokenOf(world, username, password);
  await addClient(world, {
    client_id: "cf-portal",
    client_secret: "secret-of-portal",
    authorized_grant_types: ["urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token"],
    scope: ["cloud_controller.read", "cloud_controller.write", "openid"],
  });
  const byPortal = ["auth", "cf-portal", "secret-of-portal", "--assertion"];
  for (const [said, args] of [
    // The client's own client has not that grant.
    [/FAILED\n\nUnauthorized grant type\n/, ["auth", "--assertion", idToken]],
    [
      /FAILED\n\nCredentials were rejected, please try again\.\n/,
      ["auth", "cf-portal", "wrong", "--assertion", idToken],
    ],
    [/FAILED\n\nUnable to decode expected id_token\n/, [...byPortal, "nonsense"]],
  ] as const) {
    assert.match(await world.cfFailsWith(home, ...args), said);
  }
  assert.match(await world.cfWith(home, ...byPortal, idToken), /Authenticating\.\.\.\nOK\n/);
  const out = await world.cfWith(home, "target", "-o", "conformance", "-s", "dev");
  assert.match(out, new RegExp(`user:\\s+${username}\n`));
  assert.match(await world.cfWith(home, "apps"), /demo\s+started/);

  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { ...(await exportJWK(publicKey)), kid: "robot-key", alg: "ES256" };
  await addClient(world, { client_id: "cf-keyed", ...reader, jwks: { keys: [key] } });
  const signed = (issuer: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "robot-key" })
      .setIssuer(issuer)
      .setSubject("cf-keyed")
      .setAudience(`${world.platform.addresses.uaa}/oauth/token`)
      .setJti(randomUUID())
      .setExpirationTime("5 minutes")
      .sign(privateKey);
  const byKey = ["auth", "cf-keyed", "--client-credentials", "--assertion"];
  const keyed = homeOf(world, "cf-keyed");
  await world.cfWith(keyed, "api", world.entrance);
  const refused = await world.cfFailsWith(keyed, ...byKey, await signed("someone"));
  assert.match(refused, /FAILED\n\nUnauthorized client_assertion\n/);
  await world.cfWith(keyed, ...byKey, await signed("cf-keyed"));
  assert.match(await world.cfWith(keyed, "orgs"), /\nconformance\n/);
}
