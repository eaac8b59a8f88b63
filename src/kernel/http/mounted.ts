import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * A public HTTP component that the platform serves on its one origin, each under its own paths
 * (architecture: `/` and `/v3` Cloud Controller, `/uaa` UAA, `/api/v1` log-cache).
 */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Takes over the connection of a request that asks to become a WebSocket, with what came behind the request. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
