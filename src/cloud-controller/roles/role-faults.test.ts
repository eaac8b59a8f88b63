import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkMessage } from "../http/parse-message.ts";
import { createRoleMessage } from "./messages.ts";

test("whatever the body of a role holds, it is a role or its faults are told", () => {
  const leaf = fc.oneof(fc.constant(null), fc.constant(5), fc.constant(""), fc.constant("ann"));
  const data = fc.dictionary(fc.constantFrom("guid", "username", "origin", "moon"), leaf);
  const relation = fc.oneof(
    leaf,
    fc.constant([]),
    fc.dictionary(fc.constantFrom("data", "moon"), fc.oneof(leaf, data)),
  );
  const body = fc.record(
    {
      type: fc.constantFrom("space_developer", "organization_user", "boss", 5, null),
      relationships: fc.oneof(
        leaf,
        fc.dictionary(fc.constantFrom("user", "space", "organization", "moon"), relation),
      ),
      moon: leaf,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(body, (given) => {
      const checked = checkMessage(createRoleMessage, given);
      if (!checked.ok) return assert.ok(checked.errors.every((error) => error.length > 0));
      const { type, user } = checked.message;
      assert.equal("spaceGuid" in checked.message, type.startsWith("space_"));
      assert.ok("guid" in user ? user.guid.length > 0 : typeof user.username === "string");
    }),
    { numRuns: 1000 },
  );
});
