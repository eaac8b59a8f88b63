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

test("a wish that the client may have and the user has not is left out", () => {
  const requested = "openid cloud_controller.admin";
  assert.deepEqual(grantScopes({ held, allowed, requested }), ["openid"]);
});

for (const [requested, description] of [
  ["uaa.admin", "uaa.admin is invalid. Please use a valid scope name in the request"],
  ["openid root", "root is invalid. Please use a valid scope name in the request"],
  [
    "cloud_controller.admin",
    "[cloud_controller.admin] is invalid. This user is not allowed any of the requested scopes",
  ],
] as const) {
  test(`the wish for ${requested} is refused`, () => {
    assert.throws(() => grantScopes({ held, allowed, requested }), {
      code: "invalid_scope",
      message: description,
    });
  });
}
