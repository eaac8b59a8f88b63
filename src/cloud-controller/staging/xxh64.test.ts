import assert from "node:assert/strict";
import { test } from "node:test";
import { xxh64 } from "./xxh64.ts";

// The last is longer than the 32 bytes from which on four lanes are used.
const vectors = [
  ["", "ef46db3751d8e999"],
  ["binary_buildpack", "c72221dcda75b656"],
  ["nodejs_buildpack", "c02c7fa35cb145b3"],
  ["https://github.com/cloudfoundry/nodejs-buildpack#v1.8.0", "22b0aaae34678029"],
] as const;

for (const [text, hash] of vectors) {
  test(`xxh64("${text}") is what the original builder computes`, () => {
    assert.equal(xxh64(text), hash);
  });
}
