import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleFaults, ruleModelFaults } from "./rule-faults.ts";

const one = { commaDelimitedDestinations: false };
const tcp = { protocol: "tcp", destination: "10.0.0.0/8", ports: "80" };
const icmp = { protocol: "icmp", destination: "10.0.0.1", code: -1, type: 255 };
const notAnAddress = "destination must be a valid CIDR, IP address, or IP address range";
const notPorts =
  "ports must be a valid single port, comma separated list of ports, or range or ports, formatted as a string";

test("rules as operators write them are taken", () => {
  const rules = [
    tcp,
    { ...tcp, ports: "80, 443" },
    { ...tcp, ports: " 1000 - 2000 ", log: true, description: "web" },
    { ...tcp, protocol: "udp", destination: "10.0.0.1-10.0.0.9" },
    { ...tcp, destination: "10.0.0.0/255.255.0.0" },
    icmp,
    { protocol: "all", destination: "0.0.0.0/0" },
  ];
  assert.deepEqual(ruleFaults(rules, one), []);
  assert.deepEqual(ruleModelFaults(rules), []);
  assert.deepEqual(ruleFaults([], one), []);
});

test("each fault of a rule has Cloud Controller's text", () => {
  const cases: [rule: unknown, faults: string[]][] = [
    ["tcp", ["must be an object"]],
    [{ ...tcp, cidr: "x", color: 1 }, ['unknown field(s): ["cidr", "color"]']],
    [{ ...tcp, protocol: "gre" }, ["protocol must be 'tcp', 'udp', 'icmp', 'icmpv6' or 'all'"]],
    [{ ...tcp, destination: undefined }, [notAnAddress]],
    [{ ...tcp, destination: 5 }, ["destination must be a string"]],
    [{ ...tcp, destination: "10.0.0.0 " }, ["destination must not contain whitespace"]],
    [{ ...tcp, destination: "10.0.0.1,10.0.0.2" }, [notAnAddress]],
    [{ ...tcp, destination: "10.0.0.0/33" }, [notAnAddress]],
    [{ ...tcp, destination: "10.0.0.256" }, [notAnAddress]],
    [{ ...tcp, destination: "fd00::/8" }, [notAnAddress]],
    [{ ...tcp, destination: "10.0.0.1-10.0.0.2-10.0.0.3" }, [notAnAddress]],
    [{ ...tcp, destination: "010.0.0.1" }, ["destination octets cannot contain leading zeros"]],
    [{ ...tcp, destination: "10.0.0.1-x" }, ["destination IP address range is invalid"]],
    [{ ...tcp, destination: "10.0.0.1-10.0.0.0/8" }, ["destination IP address range is invalid"]],
    [
      { ...tcp, destination: "10.0.0.9-10.0.0.1" },
      [
        "beginning of IP address range is numerically greater than the end of its range (range endpoints are inverted)",
      ],
    ],
    [{ ...tcp, description: 5 }, ["description must be a string"]],
    [{ ...tcp, log: "yes" }, ["log must be a boolean"]],
    [
      { ...tcp, ports: undefined },
      ["ports are required for protocols of type TCP and UDP", notPorts],
    ],
    [{ ...tcp, ports: 80 }, [notPorts]],
    [{ ...tcp, ports: "" }, [notPorts]],
    [{ ...tcp, ports: "0" }, [notPorts]],
    [{ ...tcp, ports: "65536" }, [notPorts]],
    [{ ...tcp, ports: "20-10" }, [notPorts]],
    [{ ...tcp, ports: "80,http" }, [notPorts]],
    [
      { ...icmp, code: undefined },
      [
        "code is required for protocols of type ICMP",
        "code must be an integer between -1 and 255 (inclusive)",
      ],
    ],
    [{ ...icmp, type: 256 }, ["type must be an integer between -1 and 255 (inclusive)"]],
    [{ ...icmp, protocol: "icmpv6" }, ["icmpv6 cannot be used if enable_ipv6 is false"]],
    [
      { protocol: "all", destination: "0.0.0.0/0", ports: "80" },
      ["ports are not allowed for protocols of type all"],
    ],
  ];
  for (const [rule, faults] of cases) {
    assert.deepEqual(
      ruleFaults([tcp, rule], one),
      faults.map((fault) => `Rules[1]: ${fault}`),
      JSON.stringify(rule),
    );
  }
});

test("what a protocol has no use for is refused once all else is right", () => {
  assert.deepEqual(ruleModelFaults([{ ...tcp, type: 1 }]), [
    "rules rule number 1 contains the invalid field 'type'",
  ]);
  assert.deepEqual(ruleModelFaults([{ ...tcp, log: null }]), [
    "rules rule number 1 contains invalid log value",
  ]);
});

test("several destinations in one rule are an operator's choice", () => {
  const several = { commaDelimitedDestinations: true };
  const to = (destination: string | undefined) => ruleFaults([{ ...tcp, destination }], several);

  assert.deepEqual(to("10.0.0.1,10.1.0.0/16,10.2.0.1-10.2.0.9"), []);
  assert.deepEqual(to(undefined), [
    "Rules[0]: nil destination; destination must be a comma-delimited list of valid CIDRs, IP addresses, or IP address ranges",
  ]);
  assert.deepEqual(to("10.0.0.1,x"), [
    "Rules[0]: destination must contain valid CIDR(s), IP address(es), or IP address range(s)",
  ]);
  assert.match(to("10.0.0.1,")[0] ?? "", /empty destination specified in comma-delimited list/);
  assert.deepEqual(to(Array.from({ length: 6001 }, () => "10.0.0.1").join(",")), [
    "Rules[0]: maximum destinations per rule exceeded - must be under 6000",
  ]);
});
