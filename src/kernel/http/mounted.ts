import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * A public HTTP component that the platform serves on its one origin, each under its own paths
 * (architecture: `/` and `/v3` Cloud Controller, `/uaa` UAA, `/api/v1` log-cache).
 */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;
