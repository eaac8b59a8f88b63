/**
 * A stack of the cell, `preloaded:cflinuxfs4`, and the toolchains laid over it: `preloaded:cflinuxfs4?toolchains=go,java`.
 * A cell of the original reads the name alone.
 */
export interface PreloadedRootFs {
  readonly stack: string;
  /** Undefined where nothing is said of them, as in what was desired by Cloud Foundry or before there was a choice: all. */
  readonly toolchains: readonly string[] | undefined;
}

export const toolchainNamePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export function preloadedRootFs({ stack, toolchains }: PreloadedRootFs): string {
  const query = toolchains === undefined ? "" : `?toolchains=${toolchains.join(",")}`;
  return `preloaded:${stack}${query}`;
}

/** Undefined for a root file system that is no stack of a cell. */
export function parsePreloadedRootFs(rootFs: string): PreloadedRootFs | undefined {
  const found = /^preloaded:([^?]+)(?:\?(.*))?$/.exec(rootFs);
  if (found?.[1] === undefined) return undefined;
  const names = new URLSearchParams(found[2]).get("toolchains");
  return { stack: found[1], toolchains: names?.split(",").filter((name) => name !== "") };
}
