import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, parseView, type View } from "./view-address.ts";

test("every view has an address that leads back to it", () => {
  const views: [string, View][] = [
    ["#/", { name: "apps", space: undefined, page: 1 }],
    ["#/apps?space=s-1&page=3", { name: "apps", space: "s-1", page: 3 }],
    ["#/apps/a-1", { name: "app", guid: "a-1", part: "overview" }],
    ["#/apps/a-1/logs", { name: "app", guid: "a-1", part: "logs" }],
    ["#/builds/b-1", { name: "build", guid: "b-1", part: "log" }],
    ["#/builds/b-1/droplet", { name: "build", guid: "b-1", part: "droplet" }],
  ];
  for (const [address, view] of views) {
    assert.deepEqual(parseView(address), view, address);
    assert.equal(view.name === "nothing" ? "" : addressOf(view), address);
  }
});

test("what no view has as its address is said to be nothing, and never asked of the platform", () => {
  for (const address of [
    "#/apps/a-1/unknown",
    "#/apps/a-1/logs/more",
    "#/builds/..%2f..%2fv3",
    "#/builds/a?b/c/d/e",
    "#/elsewhere",
    "#/spaces/x",
  ]) {
    const view = parseView(address);
    if (view.name !== "nothing") assert.match("guid" in view ? view.guid : "", /^[\w-]*$/, address);
    else assert.equal(view.address, address);
  }
  assert.deepEqual(parseView(""), parseView("#/"));
  assert.deepEqual(parseView("#/apps?page=-1"), { name: "apps", space: undefined, page: 1 });
});
