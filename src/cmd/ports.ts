import type { HeldPorts } from "./held-ports.ts";
import { defaultApiPort, defaultRouterPort, type PlatformConfig } from "./platform-config.ts";
import {
  newPlatformState,
  readPlatformState,
  writePlatformState,
  type PlatformState,
} from "./platform-state.ts";

export interface PortChoice {
  readonly port: number;
  /** The port that was asked for and is taken. */
  readonly replaced: number | undefined;
}

/**
 * The state kept in the data folder with the ports of this start: those asked for, else those kept, else the defaults.
 * A taken one is replaced by a free one, said so, and the new one kept. Each is to be released when who listens there starts.
 */
export async function settlePorts(
  config: Pick<PlatformConfig, "dataDir" | "host" | "apiPort" | "routerPort">,
  { say, held }: { readonly say: (line: string) => void; readonly held: HeldPorts },
): Promise<PlatformState> {
  const kept = readPlatformState(config.dataDir);
  const settle = async (
    what: string,
    ports: {
      readonly asked: number | undefined;
      readonly kept: number | undefined;
      readonly usual: number;
    },
  ): Promise<number> => {
    // Asked for 0: any free one, the same from start to start.
    const wanted =
      ports.asked === 0 ? (ports.kept ?? 0) : (ports.asked ?? ports.kept ?? ports.usual);
    const { port, replaced } = await choosePort(config.host, wanted, held);
    if (replaced !== undefined)
      say(`Port ${replaced} is taken: ${what} on ${port} instead, from now on`);
    return port;
  };
  const apiPort = await settle("the API is", {
    asked: config.apiPort,
    kept: kept?.apiPort,
    usual: defaultApiPort,
  });
  const routerPort = await settle("apps answer", {
    asked: config.routerPort,
    kept: kept?.routerPort,
    usual: defaultRouterPort,
  });
  const internal = (what: string, port: number | undefined) =>
    settle(what, { asked: undefined, kept: port, usual: 0 });
  const ports = {
    apiPort,
    routerPort,
    bbsPort: await internal("the BBS is", kept?.bbsPort),
    cloudControllerPort: await internal(
      "Cloud Controller's internal API is",
      kept?.cloudControllerPort,
    ),
  };
  const state = { ...(kept ?? newPlatformState(ports)), ...ports };
  writePlatformState(config.dataDir, state);
  return state;
}

/** The wanted port where it is free on `host`, else any free one; held until it is released. */
export async function choosePort(
  host: string,
  wanted: number,
  held: HeldPorts,
): Promise<PortChoice> {
  const port = await held.hold(host, wanted);
  if (port !== undefined) return { port, replaced: undefined };
  const free = await held.hold(host, 0);
  if (free === undefined) throw new Error(`Cannot listen on ${host}: no port is free`);
  return { port: free, replaced: wanted };
}
