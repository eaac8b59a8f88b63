import assert from "node:assert/strict";
import { test } from "node:test";
import { slotIdentity, SlotPool, slotsPerRange } from "./addresses.ts";
import { resolveEgressExceptions } from "./egress-exceptions.ts";
import { firewallRules } from "./firewall.ts";
import { droppingForwardChain } from "./foreign-firewall.ts";
import { hostResolvers } from "./resolvers.ts";
import { uplinksOf } from "./uplinks.ts";

test("no two slots of a host share an address, an id or an interface", () => {
  const slots = Array.from({ length: 16 }, (_, range) =>
    Array.from({ length: slotsPerRange }, (_, slot) => slotIdentity(range, slot, slot % 2 === 0)),
  ).flat();

  assert.equal(new Set(slots.map(({ address }) => address)).size, slots.length);
  assert.equal(new Set(slots.map(({ hostIdBase }) => hostIdBase)).size, slots.length);
  assert.equal(new Set(slots.map(({ interfaceName }) => interfaceName)).size, slots.length);
  assert.ok(slots.every(({ address }) => /^10\.254(\.\d+)(\.(?!0$|255$)\d+)$/.test(address)));
  assert.ok(slots.every(({ address }) => address !== "10.254.255.1"));
  assert.ok(slots.every(({ hostIdBase }) => hostIdBase + 65_536 < 2 ** 31));
  assert.ok(slots.every(({ interfaceName }) => interfaceName.length <= 15));
});

test("SlotPool takes every slot once, and a freed one as late as it can", () => {
  const pool = new SlotPool(4);
  pool.reserve(1);

  assert.deepEqual([pool.take(), pool.take(), pool.take()], [2, 3, 0]);
  assert.equal(pool.take(), undefined);
  pool.free(3);
  pool.free(2);
  assert.deepEqual([pool.take(), pool.take(), pool.take()], [2, 3, undefined]);
});

test("resolveEgressExceptions() knows addresses, networks and hosts with a port", async () => {
  const { exceptions, unusable } = await resolveEgressExceptions(
    ["192.0.2.1", "192.0.2.0/24", "192.0.2.9:3128", "proxy.example:8080", "192.0.2.1"],
    async () => ["198.51.100.1", "198.51.100.2"],
  );

  assert.deepEqual(exceptions, [
    { destination: "192.0.2.1" },
    { destination: "192.0.2.0/24" },
    { destination: "192.0.2.9", port: 3128 },
    { destination: "198.51.100.1", port: 8080 },
    { destination: "198.51.100.2", port: 8080 },
  ]);
  assert.deepEqual(unusable, []);
});

test("resolveEgressExceptions() names what no container can use", async () => {
  const { exceptions, unusable } = await resolveEgressExceptions(
    ["127.0.0.1:3128", "10.0.0.0/33", "nowhere.example:80", "; drop", "host:99999"],
    async () => [],
  );

  assert.deepEqual(exceptions, []);
  assert.deepEqual(
    unusable.map((reason) => /"([^"]*)"/.exec(reason)?.[1]),
    ["127.0.0.1:3128", "10.0.0.0/33", "nowhere.example:80", "; drop", "host:99999"],
  );
});

test("firewallRules() lets exceptions and resolvers pass before private networks are closed", () => {
  const rules = firewallRules({
    dnsServers: ["10.0.0.53"],
    hostNetworks: ["198.51.100.7/24"],
    exceptions: [{ destination: "10.1.2.3", port: 3128 }],
  });

  const egress = rules.slice(rules.indexOf("chain egress"));
  const order = ["10.0.0.53", "10.1.2.3 tcp dport 3128 accept", "@denied", "    accept\n  }"];
  const places = order.map((text) => egress.indexOf(text));
  assert.ok(places.every((place) => place > 0));
  assert.deepEqual(
    places.toSorted((a, b) => a - b),
    places,
  );
  assert.match(rules, /elements = \{ .*10\.0\.0\.0\/8.*198\.51\.100\.7\/24 \}/);
});

test("hostResolvers() looks behind the stub of systemd-resolved and leaves out what is local", () => {
  const files: Record<string, string> = {
    "/etc/resolv.conf": "# stub\nnameserver 127.0.0.53\noptions edns0\n",
    "/run/systemd/resolve/resolv.conf": "nameserver 192.0.2.53\nnameserver fe80::1\n",
  };

  assert.deepEqual(
    hostResolvers((file) => files[file]),
    ["192.0.2.53"],
  );
  assert.deepEqual(
    hostResolvers(() => "nameserver 127.0.0.1\n"),
    [],
  );
  assert.deepEqual(
    hostResolvers(() => undefined),
    [],
  );
});

test("uplinksOf() gives the default route's interface and that of a nearer network", () => {
  const table = `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
wg0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;

  assert.deepEqual(uplinksOf(table, []), ["eth0"]);
  assert.deepEqual(uplinksOf(table, ["10.9.9.9", "192.0.2.0/24"]), ["eth0", "wg0"]);
  assert.deepEqual(uplinksOf("Iface\n", ["10.9.9.9"]), []);
});

test("droppingForwardChain() finds Docker's chain, and never our own", () => {
  const chains = (policy: string) => `table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy ${policy};
	}
}
table inet rivera {
	chain forward {
		type filter hook forward priority filter - 5; policy drop;
	}
}
`;

  assert.equal(droppingForwardChain(chains("drop")), "ip filter FORWARD");
  assert.equal(droppingForwardChain(chains("accept")), undefined);
});
