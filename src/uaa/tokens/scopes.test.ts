import assert from "node:assert/strict";
import { test } from "node:test";
import { grantScopes } from "./scopes.ts";

const held = ["openid", "cloud_controller.read", "uaa.admin"];
const allowed = ["openid", "cloud_controller.read", "cloud_controller.admin"];

test("without a wish a token gets all that is both held and allowed", () => {
  assert.deepEqual(grantScopes({ held, allowed, requested: undefined }), [
    "cloud_controller.read",
    "openid",
  ]);
});

test("a wish narrows", () => {
  assert.deepEqual(grantScopes({ held, allowed, requested: "openid" }), ["openid"]);
});

for (const requested of ["cloud_controller.admin", "uaa.admin", "openid root"]) {
  test(`the wish for ${requested} is refused, not cut down`, () => {
    assert.throws(() => grantScopes({ held, allowed, requested }), { code: "invalid_scope" });
  });
}
