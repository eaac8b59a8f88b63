import assert from "node:assert/strict";
import { test } from "node:test";
import { incremented, sameTag, succeeds } from "./modification-tag.ts";

const tag = { epoch: "e1", index: 3 };

test("succeeds() takes a higher index of the epoch, and any other epoch", () => {
  assert.equal(succeeds({ epoch: "e1", index: 4 }, tag), true);
  assert.equal(succeeds({ epoch: "e1", index: 3 }, tag), false);
  assert.equal(succeeds({ epoch: "e1", index: 2 }, tag), false);
  assert.equal(succeeds({ epoch: "e2", index: 0 }, tag), true);
});

test("incremented() stays in the epoch", () => {
  assert.ok(sameTag(incremented(tag), { epoch: "e1", index: 4 }));
});
