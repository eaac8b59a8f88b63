import assert from "node:assert/strict";
import { test } from "node:test";
import { xxhash64 } from "./xxhash64.ts";

test("xxhash64() names buildpack folders as Cloud Foundry does", () => {
  const vectors = {
    "": "ef46db3751d8e999",
    binary_buildpack: "c72221dcda75b656",
    nodejs_buildpack: "c02c7fa35cb145b3",
    // Longer than the 32 bytes of a stripe.
    "https://github.com/cloudfoundry/nodejs-buildpack#v1.8.0": "22b0aaae34678029",
  };
  for (const [text, hash] of Object.entries(vectors)) assert.equal(xxhash64(text), hash);
});
