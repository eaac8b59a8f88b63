import assert from "node:assert/strict";
import { test } from "node:test";
import { newPlatformState } from "./platform-state.ts";

test("the first password is nothing that a command line would take for a flag or a blank", () => {
  const ports = { apiPort: 1, routerPort: 2, bbsPort: 3, cloudControllerPort: 4 };

  const passwords = Array.from({ length: 500 }, () => newPlatformState(ports).adminPassword);

  for (const password of passwords) assert.match(password, /^[A-Za-z0-9]{20}$/);
  assert.equal(new Set(passwords).size, passwords.length);
});
