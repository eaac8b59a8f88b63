import assert from "node:assert/strict";
import { test } from "node:test";
import { routeAddress } from "./route-address.ts";

test("a route leads to the router's port, and never to another scheme", () => {
  for (const [route, port, address] of [
    ["my-app.apps.localhost", "8080", "http://my-app.apps.localhost:8080/"],
    ["my-app.apps.localhost/deep/path", "8080", "http://my-app.apps.localhost:8080/deep/path"],
    ["tcp.apps.localhost:1234", "8080", "http://tcp.apps.localhost:1234/"],
    ["my-app.example.com", undefined, "http://my-app.example.com/"],
    ["javascript:alert(1)", "8080", "#/"],
    ["*.apps.localhost", "80", "http://*.apps.localhost/"],
  ] as const) {
    assert.equal(routeAddress(route, port), address, route);
  }
});
