import { Pool } from "undici";
import { maxConcurrentRequests, type Endpoint } from "./endpoint.ts";

const dialTimeoutMs = 5_000;
/** Below the 5 s after which Node's own server closes an idle connection without notice. */
const keepAliveMs = 4_000;

/** The kept-alive connections to instances, a pool for each. */
export class BackendConnections {
  readonly #requestTimeoutMs: number;
  readonly #pools = new Map<Endpoint, Pool>();

  constructor(requestTimeoutMs: number) {
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  to(endpoint: Endpoint): Pool {
    const known = this.#pools.get(endpoint);
    if (known !== undefined) return known;
    const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
    const pool = new Pool(`http://${host}:${endpoint.port}`, {
      allowH2: false,
      bodyTimeout: this.#requestTimeoutMs,
      connect: { timeout: dialTimeoutMs },
      connections: maxConcurrentRequests,
      headersTimeout: this.#requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      pipelining: 1,
    });
    this.#pools.set(endpoint, pool);
    return pool;
  }

  /** Requests on their way go on; then the connections are closed. */
  async close(endpoint: Endpoint): Promise<void> {
    const pool = this.#pools.get(endpoint);
    this.#pools.delete(endpoint);
    await pool?.close();
  }

  async destroyAll(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}
