import { egressPrefix, containerNetwork, isolatedPrefix } from "./addresses.ts";

/** An address or network, and perhaps one port, that containers may reach although it is private. */
export interface EgressException {
  /** `192.0.2.1` or `192.0.2.0/24`. */
  readonly destination: string;
  readonly port?: number;
}

export interface FirewallFacts {
  readonly dnsServers: readonly string[];
  /** Networks of the host itself, `192.0.2.0/24`: closed to containers. */
  readonly hostNetworks: readonly string[];
  readonly exceptions: readonly EgressException[];
}

const privateNetworks = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/3",
];

/**
 * The one table of all cells of a host, for `nft -f`: loading it again replaces it in one step. It needs no rule per
 * container, since the prefix of an interface's name says what it may do and a reverse-path look-up stops forged
 * addresses. A container reaches public addresses, the host's resolvers and the exceptions, as with cf-deployment's
 * default security groups (public_networks, dns); never the host, its networks or another container.
 */
export function firewallRules(facts: FirewallFacts): string {
  const all = `iifname { "${egressPrefix}*", "${isolatedPrefix}*" }`;
  const toAny = `oifname { "${egressPrefix}*", "${isolatedPrefix}*" }`;
  const exceptions = facts.exceptions.map((exception) => `${match(exception)} accept`);
  const denied = [...privateNetworks, ...facts.hostNetworks].join(", ");
  return `table inet rivera
delete table inet rivera
table inet rivera {
  set denied { type ipv4_addr; flags interval; auto-merge; elements = { ${denied} } }
  counter host_denied { }
  counter egress_denied { }
  counter spoofed { }
  chain pre {
    type filter hook prerouting priority -300; policy accept;
    ${all} meta nfproto ipv6 drop
    ${all} fib saddr . iif oif missing counter name spoofed drop
  }
  chain input {
    type filter hook input priority -5; policy accept;
    ${all} ct state established,related accept
    ${lines(exceptions.map((rule) => `iifname "${egressPrefix}*" ${rule}`))}
    ${lines(facts.dnsServers.map((server) => `iifname "${egressPrefix}*" ${dns(server)}`))}
    ${all} counter name host_denied reject with icmpx type admin-prohibited
  }
  chain forward {
    type filter hook forward priority -5; policy accept;
    ${toAny} ct state established,related accept
    ${toAny} drop
    iifname "${isolatedPrefix}*" ct state established,related accept
    iifname "${isolatedPrefix}*" counter name egress_denied reject with icmpx type admin-prohibited
    iifname "${egressPrefix}*" jump egress
  }
  chain egress {
    ct state established,related accept
    ${lines(facts.dnsServers.map(dns))}
    ${lines(exceptions)}
    ip daddr @denied counter name egress_denied reject with icmpx type admin-prohibited
    accept
  }
  chain post {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${containerNetwork} oifname != { "${egressPrefix}*", "${isolatedPrefix}*" } masquerade
  }
}
`;
}

function dns(server: string): string {
  return `ip daddr ${server} meta l4proto { tcp, udp } th dport 53 accept`;
}

function match({ destination, port }: EgressException): string {
  return port === undefined
    ? `ip daddr ${destination}`
    : `ip daddr ${destination} tcp dport ${port}`;
}

function lines(rules: readonly string[]): string {
  return rules.join("\n    ");
}
