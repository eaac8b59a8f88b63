import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { SignedUrls } from "./signed-urls.ts";

test("a signed URL is good for its method until it expires", async () => {
  const clock = new FakeClock();
  const urls = new SignedUrls("secret", clock);
  const url = urls.sign("GET", "/v1/blobs/cc-packages/ab");

  assert.equal(urls.verify("GET", url), true);
  assert.equal(urls.verify("HEAD", url), true);
  assert.equal(urls.verify("POST", url), false);
  const waiting = clock.sleep(3_600_000);
  await clock.advance(3_600_000);
  await waiting;
  assert.equal(urls.verify("GET", url), false);
});

test("a changed path, query, expiry, signature or secret is refused", () => {
  const clock = new FakeClock();
  const urls = new SignedUrls("secret", clock);
  const url = urls.sign("GET", "/a?x=1");

  for (const forged of [
    url.replace("/a", "/b"),
    url.replace("x=1", "x=2"),
    url.replace(/expires=\d+/, "expires=0"),
    url.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    `${url}&y=1`,
    "/a?x=1",
  ]) {
    assert.equal(urls.verify("GET", forged), false, forged);
  }
  assert.equal(new SignedUrls("other", clock).verify("GET", url), false);
});

test("a permanent URL does not expire", async () => {
  const clock = new FakeClock();
  const urls = new SignedUrls("secret", clock);
  const url = urls.sign("GET", "/droplet", { permanent: true });

  const waiting = clock.sleep(10 ** 11);
  await clock.advance(10 ** 11);
  await waiting;

  assert.equal(urls.verify("GET", url), true);
});
