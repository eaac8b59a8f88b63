import assert from "node:assert/strict";
import { test } from "node:test";
import { appsAddress } from "./platform-commands.ts";

test("the address of apps has the router's port, and none where that is HTTP's own", () => {
  assert.equal(
    appsAddress("apps.localhost", "http://127.0.0.1:8080"),
    "http://<app>.apps.localhost:8080",
  );
  assert.equal(appsAddress("apps.test", "http://127.0.0.1:80"), "http://<app>.apps.test");
});
