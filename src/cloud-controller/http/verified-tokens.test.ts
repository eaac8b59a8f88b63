import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { exportJWK, SignJWT } from "jose";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { createAuthenticate } from "./authentication.ts";

/** Published keys that can be taken away, and a clock that stands still. */
async function uaa() {
  const stack = new AsyncDisposableStack();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = [{ ...(await exportJWK(publicKey)), kid: "key-1", alg: "RS256", use: "sig" }];
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  stack.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const uaaUrl = `http://127.0.0.1:${port}`;
  const clock = new FakeClock();
  // Time moves only where somebody sleeps.
  const sleeper = new AbortController();
  clock.sleep(3_600_000, sleeper.signal).catch(() => undefined);
  stack.defer(() => sleeper.abort());
  const token = (userGuid: string, seconds: number) => {
    const now = Math.floor(clock.now().getTime() / 1000);
    return new SignJWT({ user_id: userGuid, scope: ["cloud_controller.read"] })
      .setProtectedHeader({ alg: "RS256", kid: "key-1" })
      .setAudience("cloud_controller")
      .setIssuer(`${uaaUrl}/oauth/token`)
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(privateKey);
  };
  return { stack, clock, token, authenticate: createAuthenticate({ uaaUrl, clock }) };
}

test("a token that was accepted is refused from the second on in which it expires", async () => {
  const { stack, clock, token, authenticate } = await uaa();
  await using _ = stack;
  const header = `bearer ${await token("u1", 30)}`;
  const first = await authenticate(header);
  await clock.advance(29_999);
  const last = await authenticate(header);
  await clock.advance(1);

  assert.deepEqual([first.userGuid, last.userGuid], ["u1", "u1"]);
  await assert.rejects(authenticate(header), { name: "CfError", message: /Invalid Auth Token/ });
});

test("who a token is of is remembered by all of it: another one, or another signature, is another's", async () => {
  const { stack, token, authenticate } = await uaa();
  await using _ = stack;
  const [one, two] = [await token("u1", 300), await token("u2", 300)];
  const signature = two.split(".")[2] ?? "";
  const mixed = `${one.split(".").slice(0, 2).join(".")}.${signature}`;
  const seen = [];
  for (const each of [one, two, one, two])
    seen.push((await authenticate(`bearer ${each}`)).userGuid);

  assert.deepEqual(seen, ["u1", "u2", "u1", "u2"]);
  await assert.rejects(authenticate(`bearer ${mixed}`), { name: "CfError" });
});
