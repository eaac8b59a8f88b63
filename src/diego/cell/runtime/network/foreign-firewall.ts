import { runCommand } from "#kernel/process/run-command.ts";

/**
 * A chain of somebody else that drops what is forwarded unless told otherwise, as Docker's does: an accept of ours does
 * not overrule it. By the text of `nft list chains`; undefined where there is none.
 */
export function droppingForwardChain(chains: string): string | undefined {
  let table = "";
  let chain = "";
  for (const line of chains.split("\n")) {
    table = /^table (\S+ \S+)/.exec(line)?.[1] ?? table;
    chain = /^\s+chain (\S+)/.exec(line)?.[1] ?? chain;
    if (/hook forward .*policy drop/.test(line) && table !== "inet rivera") {
      return `${table} ${chain}`;
    }
  }
  return undefined;
}

/** What a person must know of the host's other firewalls. */
export async function foreignFirewallNotes(): Promise<string[]> {
  const { stdout } = await runCommand("nft", ["list", "chains"], { timeoutMs: 10_000 });
  const chain = droppingForwardChain(stdout);
  if (chain === undefined) return [];
  return [
    `containers may reach no network: chain "${chain}" of this machine drops forwarded packets; let those of rvo* pass`,
  ];
}
