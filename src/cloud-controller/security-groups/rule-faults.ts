import { isIPv4 } from "node:net";
import { printList } from "../http/guid-list.ts";

/** What an operator may allow; off in the original's defaults. */
export interface RuleOptions {
  /** One rule may name several destinations, with commas between. */
  readonly commaDelimitedDestinations: boolean;
}

type Rule = Readonly<Record<string, unknown>>;

const knownKeys = ["code", "description", "destination", "log", "ports", "protocol", "type"];
const maximumDestinations = 6000;
const protocols = ["tcp", "udp", "icmp", "icmpv6", "all"];
/** Keys that a rule may have beside `protocol`, `destination`, `log` and `description`. */
const keysOfProtocol: Readonly<Record<string, readonly string[]>> = {
  tcp: ["ports"],
  udp: ["ports"],
  icmp: ["code", "type"],
  all: [],
};

/** What is wrong with the rules of a body, in the words of security_group_rule_validator.rb. */
export function ruleFaults(rules: readonly unknown[], options: RuleOptions): string[] {
  return rules.flatMap((rule, index) =>
    (isRule(rule) ? messageFaults(rule, options) : ["must be an object"]).map(
      (fault) => `Rules[${index}]: ${fault}`,
    ),
  );
}

/** What the model (security_group.rb) has against rules in which the body's check found nothing. */
export function ruleModelFaults(rules: readonly unknown[]): string[] {
  return rules.flatMap((rule, index) =>
    (isRule(rule) ? modelFaults(rule) : []).map(
      (fault) => `rules rule number ${index + 1} ${fault}`,
    ),
  );
}

function isRule(value: unknown): value is Rule {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function messageFaults(rule: Rule, options: RuleOptions): string[] {
  const unknown = Object.keys(rule).filter((key) => !knownKeys.includes(key));
  const { protocol, description, log } = rule;
  const isKnown = typeof protocol === "string" && protocols.includes(protocol);
  const isUnfit = (value: unknown, type: string) => isGiven(value) && typeof value !== type;
  return [
    ...(unknown.length > 0 ? [`unknown field(s): ${printList(unknown)}`] : []),
    ...(isKnown ? [] : ["protocol must be 'tcp', 'udp', 'icmp', 'icmpv6' or 'all'"]),
    ...destinationFaults(rule["destination"], options),
    ...(isUnfit(description, "string") ? ["description must be a string"] : []),
    ...(isUnfit(log, "boolean") ? ["log must be a boolean"] : []),
    ...protocolFaults(rule),
  ];
}

/** Ruby's truth: null and false are not there. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

function modelFaults(rule: Rule): string[] {
  const allowed = ["protocol", "destination", "log", "description"];
  const more = keysOfProtocol[String(rule["protocol"])] ?? [];
  const superfluous = Object.keys(rule).filter((key) => ![...allowed, ...more].includes(key));
  if (superfluous.length > 0) {
    return superfluous.map((key) => `contains the invalid field '${key}'`);
  }
  return [
    ...("log" in rule && typeof rule["log"] !== "boolean" ? ["contains invalid log value"] : []),
    ...("description" in rule && typeof rule["description"] !== "string"
      ? ["contains invalid description"]
      : []),
  ];
}

function protocolFaults(rule: Rule): string[] {
  const { protocol, ports, code, type } = rule;
  switch (protocol) {
    case "tcp":
    case "udp":
      return [
        ...(isGiven(ports) ? [] : ["ports are required for protocols of type TCP and UDP"]),
        ...(typeof ports === "string" && arePorts(ports)
          ? []
          : [
              "ports must be a valid single port, comma separated list of ports, or range or ports, formatted as a string",
            ]),
      ];
    case "icmp":
      return icmpFaults(code, type);
    case "icmpv6":
      return ["icmpv6 cannot be used if enable_ipv6 is false", ...icmpFaults(code, type)];
    case "all":
      return isGiven(ports) ? ["ports are not allowed for protocols of type all"] : [];
    default:
      return [];
  }
}

function icmpFaults(code: unknown, type: unknown): string[] {
  return Object.entries({ code, type }).flatMap(([name, value]) => [
    ...(isGiven(value) ? [] : [`${name} is required for protocols of type ICMP`]),
    ...(Number.isInteger(value) && Number(value) >= -1 && Number(value) <= 255
      ? []
      : [`${name} must be an integer between -1 and 255 (inclusive)`]),
  ]);
}

/** "80", "80,443" or "1000-2000", with blanks around; ports are 1 to 65535. */
function arePorts(text: string): boolean {
  const isPort = (digits: string) => Number(digits) > 0 && Number(digits) < 65_536;
  const range = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(text);
  if (range !== null) {
    const [, left = "", right = ""] = range;
    return Number(left) < Number(right) && isPort(left) && isPort(right);
  }
  return text.split(",").every((port) => /^\s*\d+\s*$/.test(port) && isPort(port));
}

function destinationFaults(destination: unknown, options: RuleOptions): string[] {
  const several = options.commaDelimitedDestinations;
  const absent = several
    ? "nil destination; destination must be a comma-delimited list of valid CIDRs, IP addresses, or IP address ranges"
    : "destination must be a valid CIDR, IP address, or IP address range";
  if (destination === undefined || destination === null) return [absent];
  if (typeof destination !== "string") return ["destination must be a string"];
  if (/\s/.test(destination)) return ["destination must not contain whitespace"];
  if (!several && destination.includes(",")) return [absent];
  const destinations = destination.split(",");
  const tooMany =
    destinations.length > maximumDestinations
      ? [`maximum destinations per rule exceeded - must be under ${maximumDestinations}`]
      : [];
  return [...tooMany, ...destinations.flatMap((each) => addressFaults(each, several))];
}

function addressFaults(destination: string, several: boolean): string[] {
  const invalid = several
    ? "destination must contain valid CIDR(s), IP address(es), or IP address range(s)"
    : "destination must be a valid CIDR, IP address, or IP address range";
  if (destination === "") return ["empty destination specified in comma-delimited list", invalid];
  const addresses = destination.replace(/-+$/, "").split("-");
  const zeros = addresses.some(hasLeadingZero)
    ? ["destination octets cannot contain leading zeros"]
    : [];
  const [first = "", second, ...others] = addresses;
  if (others.length > 0) return [...zeros, invalid];
  if (second === undefined) return zeros.length > 0 || isCidr(first) ? zeros : [invalid];
  if (!isIPv4(first) || !isIPv4(second)) {
    return [...zeros, "destination IP address range is invalid"];
  }
  return numberOf(first) > numberOf(second)
    ? [
        "beginning of IP address range is numerically greater than the end of its range (range endpoints are inverted)",
      ]
    : [];
}

function hasLeadingZero(address: string): boolean {
  return (
    address.includes(".") &&
    address.split(".").some((octet) => /^0./.test(octet.split("/")[0] ?? ""))
  );
}

/** An IPv4 address, alone or with a prefix or a mask behind the slash. */
function isCidr(text: string): boolean {
  const [address = "", prefix, ...others] = text.split("/");
  if (!isIPv4(address) || others.length > 0) return false;
  if (prefix === undefined || isIPv4(prefix)) return true;
  return /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
}

function numberOf(address: string): number {
  return address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}
