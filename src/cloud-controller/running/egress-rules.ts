import { z } from "zod";
import type { SecurityGroupRule } from "#diego/models/container-definition.ts";

const ruleSchema = z.object({
  protocol: z.enum(["tcp", "udp", "icmp", "icmpv6", "all"]),
  destination: z.string(),
  ports: z.string().optional(),
  type: z.number().optional(),
  code: z.number().optional(),
  log: z.boolean().optional(),
});

const rulesSchema = z.array(ruleSchema);

/**
 * The rules of security groups (JSON as the API shows them) as Diego has them: comma lists become several
 * destinations, "1-9" a range of ports. A rule of several groups comes once, and rules that log last, as in the
 * original.
 */
export function toEgressRules(groups: readonly string[]): SecurityGroupRule[] {
  const rules = groups.flatMap((group) => rulesSchema.parse(JSON.parse(group))).map(toEgressRule);
  const once = new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
  return [...once.values()].toSorted((a, b) => Number(a.log) - Number(b.log));
}

function toEgressRule(rule: z.infer<typeof ruleSchema>): SecurityGroupRule {
  const range = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(rule.ports ?? "");
  const isIcmp = rule.protocol === "icmp" || rule.protocol === "icmpv6";
  return {
    protocol: rule.protocol,
    destinations: rule.destination.split(",").map((destination) => destination.trim()),
    ports: range === null && rule.ports !== undefined ? rule.ports.split(",").map(Number) : [],
    ...(range === null ? {} : { portRange: { start: Number(range[1]), end: Number(range[2]) } }),
    ...(isIcmp ? { icmpInfo: { type: rule.type ?? -1, code: rule.code ?? -1 } } : {}),
    log: rule.log === true,
  };
}
