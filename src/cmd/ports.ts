import { createServer, type AddressInfo } from "node:net";

export interface PortChoice {
  readonly port: number;
  /** The port that was asked for and is taken. */
  readonly replaced: number | undefined;
}

/** The wanted port where it is free on `host`, else any free one. */
export async function choosePort(host: string, wanted: number): Promise<PortChoice> {
  const port = await tryListen(host, wanted);
  if (port !== undefined) return { port, replaced: undefined };
  const free = await tryListen(host, 0);
  if (free === undefined) throw new Error(`Cannot listen on ${host}: no port is free`);
  return { port: free, replaced: wanted };
}

async function tryListen(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return (server.address() as AddressInfo).port;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE" || code === "EACCES") return undefined;
    throw error;
  } finally {
    server.close();
  }
}
