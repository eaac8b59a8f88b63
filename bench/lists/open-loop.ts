import { Pool } from "undici";

export interface Latencies {
  /** Milliseconds from the time at which a request was due to the last byte of its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly requests: number;
}

/**
 * Requests at a fixed rate, whether or not earlier ones have been answered: what waits for a connection, or was sent
 * late, counts from the time at which it was due.
 *
 * @throws at an answer that is not 200, or too small to hold what was asked for
 */
export async function openLoop(options: {
  readonly url: string;
  readonly token: string;
  readonly paths: readonly string[];
  readonly perSecond: number;
  readonly connections: number;
  readonly seconds: number;
  readonly minimumBytes: number;
}): Promise<Latencies> {
  const { connections, perSecond, paths, seconds } = options;
  const pool = new Pool(options.url, { connections, pipelining: 1 });
  const headers = { authorization: `bearer ${options.token}` };
  const ask = async (path: string) => {
    const { statusCode, body } = await pool.request({ method: "GET", path, headers });
    const bytes = (await body.arrayBuffer()).byteLength;
    if (statusCode !== 200) throw new Error(`${path} is answered with ${statusCode}`);
    if (bytes < options.minimumBytes) throw new Error(`${path} has ${bytes} bytes only`);
  };
  // Connections, statements and compiled code, as in a server that has been up for a while: first one after the other,
  // then as many at once as there are connections, which the server's own to its database follow.
  for (let round = 0; round < 20; round += 1) await ask(pathAt(paths, round));
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(Array.from({ length: connections }, (_, index) => ask(pathAt(paths, index))));
  }
  const latencies: number[] = [];
  const under: Promise<void>[] = [];
  const start = performance.now();
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const due = start + (index * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const request = ask(pathAt(paths, index)).then(
      () => void latencies.push(performance.now() - due),
    );
    // A failure is told below, once all are under way.
    request.catch(() => undefined);
    under.push(request);
  }
  await Promise.all(under);
  await pool.close();
  latencies.sort((a, b) => a - b);
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: latencies.at(-1) ?? 0,
    requests: latencies.length,
  };
}

function pathAt(paths: readonly string[], index: number): string {
  return paths[index % paths.length] ?? "/";
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
}
