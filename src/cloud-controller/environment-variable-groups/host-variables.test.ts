import assert from "node:assert/strict";
import { test } from "node:test";
import { withHostVariables } from "./host-variables.ts";

const proxy = { https_proxy: "http://proxy.example:3128" };

test("withHostVariables() puts the host's variables into the group, below what is there", () => {
  assert.deepEqual(
    withHostVariables(
      { COLOUR: "blue", https_proxy: "http://ours.example" },
      { before: {}, now: { ...proxy, PIP_CERT: "/ca" } },
    ),
    { PIP_CERT: "/ca", COLOUR: "blue", https_proxy: "http://ours.example" },
  );
});

test("withHostVariables() follows the host where nobody has touched the variable", () => {
  const moved = { https_proxy: "http://other.example" };

  assert.deepEqual(withHostVariables(proxy, { before: proxy, now: moved }), moved);
  assert.deepEqual(withHostVariables(proxy, { before: proxy, now: {} }), {});
});

test("withHostVariables() leaves out what somebody took out, and keeps what somebody changed", () => {
  const changed = { https_proxy: "http://ours.example" };

  assert.deepEqual(withHostVariables({}, { before: proxy, now: proxy }), {});
  assert.deepEqual(withHostVariables(changed, { before: proxy, now: proxy }), changed);
  assert.deepEqual(withHostVariables(changed, { before: proxy, now: {} }), changed);
});
