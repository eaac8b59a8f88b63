import assert from "node:assert/strict";
import { test } from "node:test";
import { toEgressRules } from "./egress-rules.ts";

test("rules of security groups become Diego's, those that log last", () => {
  const groups = [
    [{ protocol: "all", destination: "10.0.0.0/8", log: true }],
    [
      { protocol: "tcp", destination: "0.0.0.0-9.255.255.255, 11.0.0.0/8", ports: "80,443" },
      { protocol: "udp", destination: "0.0.0.0/0", ports: "1000-2000" },
      { protocol: "icmp", destination: "0.0.0.0/0", type: 8, code: 0 },
      { protocol: "icmpv6", destination: "::/0" },
    ],
  ].map((rules) => JSON.stringify(rules));

  assert.deepEqual(toEgressRules(groups), [
    {
      protocol: "tcp",
      destinations: ["0.0.0.0-9.255.255.255", "11.0.0.0/8"],
      ports: [80, 443],
      log: false,
    },
    {
      protocol: "udp",
      destinations: ["0.0.0.0/0"],
      ports: [],
      portRange: { start: 1000, end: 2000 },
      log: false,
    },
    {
      protocol: "icmp",
      destinations: ["0.0.0.0/0"],
      ports: [],
      icmpInfo: { type: 8, code: 0 },
      log: false,
    },
    // Diego's -1 is any.
    {
      protocol: "icmpv6",
      destinations: ["::/0"],
      ports: [],
      icmpInfo: { type: -1, code: -1 },
      log: false,
    },
    { protocol: "all", destinations: ["10.0.0.0/8"], ports: [], log: true },
  ]);
});
